"""A stack with TLS, as `make run` starts it, and the certificate of an authority of our own."""

import os
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from certificates import make_certificate  # noqa: E402
from stack import Stack, free_port, listens, wait_until  # noqa: E402

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


# NGINX with nothing of ours.
ALONE = """daemon off; pid pid; events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {front.certificate};
        ssl_certificate_key {front.key};
        location / {{ return 200 "{body}"; }}
    }}
}}
"""


@pytest.fixture(scope="session")
def nginx_alone(front, tmp_path_factory):
    """The port of an NGINX that responds by itself."""
    folder, port = tmp_path_factory.mktemp("alone"), free_port()
    (folder / "nginx.conf").write_text(ALONE.format(front=front, port=port, body="x" * 2000))
    with subprocess.Popen(["nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr"], cwd=folder,
                          env={"PATH": os.environ["PATH"] + ":/usr/sbin"}) as process:
        try:
            wait_until(lambda: listens(port))
            yield port
        finally:
            process.terminate()
