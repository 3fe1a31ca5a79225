"""Logs are rotated while the service runs, with deploy/logrotate as it is installed, and no line is lost."""

import gzip
import json
import os
import signal
import subprocess
import threading
from collections import Counter

from api import Api
from stack import CHECKOUT, wait_until

OURS = "while-logs-are-rotated-"  # the ids of the requests begin so


def as_owner_of(folder):
    """The directive by which root's logrotate becomes that user; others are it already."""
    return f"su {folder.owner()} {folder.group()}" if os.geteuid() == 0 else ""


def rotate(stack, folder):
    """As logrotate does it once a day."""
    log = stack.folder / "log"
    text = (CHECKOUT / "deploy/logrotate").read_text()
    for installed, here in (("/var/log/atelier-qa/*.log", f"{log}/access.log {log}/service.log"),
                            ("/run/atelier-qa-nginx/nginx.pid", f"{stack.folder}/nginx/nginx.pid"),
                            ("su atelier-qa-nginx atelier-qa-nginx", as_owner_of(log))):
        assert installed in text
        text = text.replace(installed, here)
    (folder / "logrotate.conf").write_text(text)
    subprocess.run(["logrotate", "--force", "--state", folder / "state", folder / "logrotate.conf"], check=True,
                   env={"PATH": os.environ["PATH"] + ":/usr/sbin"})


def request_ids(stack, name):
    """How often each of ours is in a log and in what that was moved to."""
    found = Counter()
    for path in (stack.folder / "log").glob(f"{name}*"):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt") as file:
            found.update(json.loads(line)["request_id"] for line in file if f'"{OURS}' in line)
    return found


def test_logs_are_rotated_while_requests_go_on_and_no_line_is_lost(fault_stack, tmp_path):
    log, sent, end = fault_stack.folder / "log", [], threading.Event()
    log.chmod(0o770)  # root's logrotate would refuse to work as root in a folder that others can change

    def go_on():
        api = Api(fault_stack.base_url)
        while not end.is_set():  # a worker logs each of these as well
            request_id = f"{OURS}{len(sent)}"
            api.get("/qa/questions?product_id=x", headers={"X-Request-Id": request_id})
            sent.append(request_id)

    client = threading.Thread(target=go_on)
    client.start()
    try:
        for turn in range(1, 4):
            wait_until(lambda: len(sent) > 20 * turn and all(
                (log / name).exists() and (log / name).stat().st_size > 0 for name in ("access.log", "service.log")))
            rotate(fault_stack, tmp_path)
        wait_until(lambda: len(sent) > 100)
    finally:
        end.set()
        client.join()
    for name in ("access.log", "service.log"):
        wait_until(lambda: set(sent) <= request_ids(fault_stack, name).keys())
        assert set(request_ids(fault_stack, name).values()) == {1}
        names = {path.name for path in log.glob(f"{name}*")}
        assert {name, f"{name}.1", f"{name}.2.gz"} <= names


def test_a_signal_to_rotate_has_the_file_made_anew_and_ends_nobody(fault_stack):
    log = fault_stack.folder / "log/service.log"
    workers = fault_stack.worker_pids()
    log.rename(log.with_suffix(".old"))
    for pid in (fault_stack.supervisor_pid(), *workers):
        os.kill(pid, signal.SIGUSR1)
    wait_until(log.exists)
    assert fault_stack.worker_pids() == workers
