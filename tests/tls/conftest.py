"""A stack with TLS, as `make run` starts it, and the certificate of an authority of our own."""

import os
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from stack import Stack, free_port  # noqa: E402

Front = namedtuple("Front", "stack port authority certificate key")

EXTENSIONS = """\
subjectAltName = DNS:localhost, IP:127.0.0.1
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
"""


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)


def make_certificate(folder):
    """Of a service, by an authority: the latter is made where it is missing."""
    extensions = folder / "extensions"
    extensions.write_text(EXTENSIONS)
    if not (folder / "authority.pem").exists():
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Our authority",
                "-out", folder / "authority.pem", "-keyout", folder / "authority.key")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-out", folder / "request",
            "-keyout", folder / "key.pem")
    openssl("x509", "-req", "-in", folder / "request", "-CA", folder / "authority.pem", "-CAkey", folder / "authority.key",
            "-CAcreateserial", "-days", "30", "-extfile", extensions, "-out", folder / "certificate.pem")
    (folder / "key.pem").chmod(0o644)  # the stack's user reads it


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
