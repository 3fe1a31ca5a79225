"""Puts services of the tests under the restrictions of their systemd unit, where SANDBOX is set (`make
test-sandbox`)."""

import os
import signal
import subprocess
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
UNIT = CHECKOUT / "deploy/systemd/atelier-qa.service"
IS_ASKED = bool(os.environ.get("SANDBOX"))


def launcher(user="0:0", writable=(), visible=()):
    """A command that runs what follows it under them; for root."""
    folders = [*(f"--writable={folder}" for folder in writable), *(f"--visible={folder}" for folder in visible)]
    return ["/usr/bin/python3", str(CHECKOUT / "tests/sandbox/launch.py"), f"--user={user}", *folders, str(UNIT)]


def launcher_like(stack, folder):
    """The same for a service on the stack's database, which only the stack's owner can reach; the folder is the
    service's own."""
    owner = stack.folder.stat()
    os.chown(folder, owner.st_uid, owner.st_gid)
    return launcher(f"{owner.st_uid}:{owner.st_gid}", writable=[folder], visible=[stack.folder])


def take_over(stack):
    """Replaces the stack's service by one that is restricted, with the same settings in the same place."""
    pid = stack.supervisor_pid()
    status = Path(f"/proc/{pid}/status").read_text()
    if "Seccomp:\t2" in status:
        return
    variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
    environment = dict(variable.split("=", 1) for variable in variables if variable)
    os.kill(pid, signal.SIGTERM)
    while stack.supervisor_pid():
        time.sleep(0.02)
    owner = stack.folder.stat()
    with (stack.folder / "log/service.log").open("ab") as log:
        process = subprocess.Popen(
            [*launcher(f"{owner.st_uid}:{owner.st_gid}", writable=[stack.folder]), stack.program, "serve"],
            cwd=stack.folder / "bin", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)
    (stack.folder / "service.pid").write_text(f"{process.pid}\n")
    stack.sandboxed = process  # whose end is then noticed
