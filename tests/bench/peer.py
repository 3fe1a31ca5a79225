"""The peer: what one would write instead of our service (peer/main.go), as many processes of it as we
have workers, behind an NGINX with our own configuration and on our own database."""

import contextlib
import os
import random
import shutil
import tempfile
import time
import urllib.request
from pathlib import Path

from commands import BenchError, start_apart
from limits import QUERIES, SESSION
from settings import CHECKOUT, PEER
from static_files import (SCHEDULED_AS_OURS, Server, configure_nginx, start_nginx,
                          wait_until_answered)

CONNECTIONS = 24  # of all processes together to PostgreSQL, which leaves ours enough
CACHE_MB = 1024   # likewise, where it has a cache: as much as our service by default
ENVIRONMENT = {"GOMAXPROCS": "1", "GOGC": "400", "PGOPTIONS": SESSION}
COMPARED_PAGES = 200


def start(command, log, **options):
    with open(log, "wb") as output:
        return start_apart([*SCHEDULED_AS_OURS, *command], stdout=output, stderr=output, **options)


def start_process(folder, number, stack, cache_mb):
    processes = stack.workers()
    return start(
        [PEER, "-listen", folder / f"peer{number}.sock", "-sql", QUERIES,
         "-connections", max(1, CONNECTIONS // processes), "-cache-mb", cache_mb // processes],
        folder / f"peer{number}.log", env={**os.environ, **stack.service_role(), **ENVIRONMENT})


def wait_for_sockets(folder, processes):
    end = time.monotonic() + 10
    while len(list(folder.glob("peer*.sock"))) < len(processes):
        if any(process.poll() is not None for process in processes) or time.monotonic() > end:
            raise BenchError("the peer has no sockets")
        time.sleep(0.05)


@contextlib.contextmanager
def running_peer(stack, port, cache_mb):
    """A Server; 0: without a cache."""
    if not PEER.exists():
        raise BenchError(f"there is no peer: make {PEER.relative_to(CHECKOUT)}")
    folder = Path(tempfile.mkdtemp(prefix="atelier-qa-peer."))
    processes = []
    try:
        folder.chmod(0o755)
        for number in range(stack.workers()):
            processes.append(start_process(folder, number, stack, cache_mb))
        wait_for_sockets(folder, processes)
        workers = [process.pid for process in processes]
        configure_nginx(folder / "nginx", port, f"unix:{folder}/peer", len(workers))
        with open(folder / "nginx.log", "wb") as log:
            nginx = start_nginx(folder / "nginx", log)
        processes.append(nginx)
        base_url = f"http://127.0.0.1:{port}"
        wait_until_answered(f"{base_url}/qa/questions?product_id=1", nginx)
        yield Server(base_url, {"nginx": [nginx.pid], "workers": workers})
    except BenchError as error:
        logs = "".join(log.read_text(errors="replace") for log in folder.glob("*.log"))
        raise BenchError(f"{error}; the peer's logs: {logs[-2000:]}") from error
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def compare_pages(stack, peer, pages=COMPARED_PAGES):
    """Both must serve the same bytes, or they do not do the same work."""
    def body(server, target):
        with urllib.request.urlopen(server.base_url + target, timeout=10) as response:
            return response.read()
    source = random.Random()
    for _ in range(pages):
        for target in (f"/qa/questions?product_id={source.randint(1, stack.rows['products'])}",
                       f"/qa/questions/{source.randint(1, stack.rows['questions'])}/answers"):
            if body(stack, target) != body(peer, target):
                raise BenchError(f"the peer's page differs from ours: {target}")
