"""The cluster that the tests share: deploy/cluster/ as `make cluster` starts it, in a folder and on ports of its own.
At the end it is stopped, nothing of it is left, and what the tests have measured is in build/cluster/report.md."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
for folder in ("tests/e2e", "deploy/stack", "deploy/cluster/local"):
    sys.path.append(str(CHECKOUT / folder))

import daemons  # noqa: E402
import report  # noqa: E402
from breakable import Breakable  # noqa: E402
from places import processes_in  # noqa: E402
from stack import free_port  # noqa: E402


def pytest_configure():
    """A polite kill stops what was started, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # which, other than SIG_IGN, is not inherited


@pytest.fixture(scope="session")
def running():
    """In memory, where commits do not wait for the one disk that all servers would share."""
    folder = tempfile.mkdtemp(prefix="atelier-cluster-", dir="/dev/shm")
    os.chmod(folder, 0o755)
    port = os.environ.get("PORT") or str(free_port())
    cluster = Breakable({**os.environ, "PORT": port, "QA_STATE_DIR": f"{folder}/state"}, CHECKOUT / "deploy")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        left = processes_in(folder, below=True)
        shutil.copytree(f"{folder}/state/log", CHECKOUT / "build/cluster/log", dirs_exist_ok=True)
        for host in daemons.APIS:
            shutil.copy(f"{folder}/state/{host}/log/service.log", CHECKOUT / f"build/cluster/log/{host}.log")
        shutil.rmtree(folder)
        report.write(CHECKOUT / "build/cluster/report.md")
    assert not left


@pytest.fixture
def cluster(running):
    """Whole before each test."""
    running.make_whole()
    return running
