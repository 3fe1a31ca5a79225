"""A stack with TLS, as `make run` starts it, and the certificate of an authority of our own."""

import os
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from certificates import make_certificate  # noqa: E402
from stack import Stack, free_port  # noqa: E402

Front = namedtuple("Front", "stack port authority certificate key")


@pytest.fixture(scope="session")
def front():
    with tempfile.TemporaryDirectory(prefix="atelier-tls-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        make_certificate(folder)
        port = free_port()
        with Stack(folder / "state", QA_SAMPLE_PRODUCTS="10", QA_TLS_PORT=str(port),
                   QA_TLS_CERTIFICATE=os.path.relpath(folder / "certificate.pem"),
                   QA_TLS_KEY=str(folder / "key.pem")) as stack:
            yield Front(stack, port, folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
