"""NGINX alone, with a file: what a hot page is held against. Each serves a plain file, and to who takes gzip one that
was compressed before."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from commands import BenchError, start_apart
from settings import CHECKOUT

MODULE = CHECKOUT / "build/release/ngx_http_qa_pages_module.so"

# As our own processes have it (src/process/worker.c, deploy/stack/nginx.py).
SCHEDULED_AS_OURS = ["chrt", "--batch", "0"]

FILES = """\
root www;
location = /page.json { }
location = /gzip.json { gzip_static on; }
"""

BARE_CONF = """\
worker_processes auto;
pid nginx.pid;
error_log error.log;
events { worker_connections 8192; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=10;
    keepalive_requests 1000000;
    default_type application/json;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    server { include listen.conf; }
}
"""


@dataclass(frozen=True)
class Server:
    """Something else than our stack that is measured."""
    base_url: str
    main_pids: dict  # by part, as those of a stack

    def pids(self):
        return self.main_pids


def configure_bare(folder, port):
    """As fast as NGINX serves a file: no log, no header of ours, the file is kept open."""
    (folder / "nginx.conf").write_text(BARE_CONF)
    (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n{FILES}")


def configure_as_product(folder, port):
    """As our stack's NGINX is configured, log, headers, request id and module included. The file is where that has
    pages."""
    configure_nginx(folder, port, f"unix:{folder}/worker", 1)
    (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port} default_server backlog=4096;\n"
                                        f"default_type application/json;\n{FILES}")


def configure_nginx(folder, port, listen, workers, settings=None):
    """Our own configuration with the caller's settings, and more, in front of those workers. It has the module, for
    the log, but no page."""
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.copy(MODULE, folder)
    subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", folder], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, **(settings or {}), "PORT": str(port), "QA_LISTEN": listen, "QA_WORKERS": str(workers),
                        "QA_SHARED_FILE": f"{folder}/none", "QA_ACCESS_LOG": "access.log", "QA_ERROR_LOG": "error.log"})
    (folder / "pages.conf").write_text("")


@contextlib.contextmanager
def static_files(configure, port, plain_bytes, gzip_bytes):
    """An NGINX with files of those sizes, `configure(folder, port)`: a Server."""
    folder = Path(tempfile.mkdtemp(prefix="atelier-qa-bench."))
    process = None
    try:
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www/page.json").write_bytes(b"x" * plain_bytes)
        (folder / "www/gzip.json.gz").write_bytes(b"x" * gzip_bytes)
        configure(folder, port)
        with open(folder / "start.log", "wb") as log:
            process = start_nginx(folder, log)
        base_url = f"http://127.0.0.1:{port}"
        wait_until_answered(base_url + "/page.json", process)
        yield Server(base_url, {"nginx": [process.pid]})
    finally:
        if process:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def start_nginx(folder, log):
    """With the folder's configuration."""
    return start_apart(
        [*SCHEDULED_AS_OURS, "nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"],
        stdout=log, stderr=log, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})


def wait_until_answered(url, process):
    end = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        if process.poll() is not None or time.monotonic() > end:
            raise BenchError(f"NGINX does not start: {url} is not served")
        time.sleep(0.05)
