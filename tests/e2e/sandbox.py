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
CALLS = os.environ.get("SANDBOX_CALLS")  # where to write down which system calls are made


def launcher(user="0:0", writable=(), is_service=True):
    """A command that runs what follows it under them; for root."""
    options = [f"--user={user}", *(f"--writable={folder}" for folder in writable)]
    if CALLS and is_service:
        options.append(f"--calls={CALLS}")
    return ["/usr/bin/python3", str(CHECKOUT / "tests/sandbox/launch.py"), *options, str(UNIT)]


def launcher_like(stack, folder):
    """The same for a service on the stack's database, which only the stack's owner can reach, and perhaps with the
    stack's memory; the folder is the service's own, with what is in it."""
    owner = stack.folder.stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    return launcher(f"{owner.st_uid}:{owner.st_gid}", writable=[folder, *folders_of(stack)])


def folders_of(stack):
    """The stack's own, and that of its sockets, which is elsewhere where its path would be too long for them."""
    return [stack.folder] + ([] if stack.sockets.is_relative_to(stack.folder) else [stack.sockets])


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
            [*launcher(f"{owner.st_uid}:{owner.st_gid}", writable=folders_of(stack)), stack.program, "serve"],
            cwd=stack.folder / "bin", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)
    (stack.folder / "service.pid").write_text(f"{process.pid}\n")
    stack.sandboxed = process  # whose end is then noticed
