"""The processes of the stack: which of them are alive, and how they are ended. It promises to end no process
of anybody else: a number in a pid file may be a stranger's by now, but ours work in folders of the state
directory, which is the working directory."""

import contextlib
import os
import signal
import time
from pathlib import Path

from common import say

ROTATE_BYTES = 100 << 20


def processes():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def end_process(pid, number, seconds):
    """Whether it is gone then."""
    try:
        os.kill(pid, number)
    except OSError:  # it is gone, or somebody else's
        return not os.path.exists(f"/proc/{pid}")
    deadline = time.monotonic() + seconds
    while os.path.exists(f"/proc/{pid}/cwd"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Part:
    def __init__(self, name, folder, pid_file, log, *endings):
        self.name, self.folder, self.pid_file, self.log = name, folder, pid_file, log
        self.endings = endings  # a signal, and for how many seconds it is waited for

    def pid(self):
        """The id of its main process, None where that is not alive."""
        try:
            pid = int(Path(self.pid_file).read_text().split()[0])
            return pid if os.path.samefile(f"/proc/{pid}/cwd", self.folder) else None
        except (OSError, ValueError, IndexError):
            return None

    def stop(self):
        pid = self.pid()
        if pid:
            self.end(pid)

    def end(self, pid):
        if not any(end_process(pid, number, seconds) for number, seconds in self.endings):
            say(f"{self.name} (process {pid}) does not end")

    def last_words(self):
        with contextlib.suppress(OSError):
            lines = Path(self.log).read_text(errors="replace").splitlines()
            return "".join(f"    {line}\n" for line in lines[-5:])
        return ""


NGINX = Part("nginx", "nginx", "nginx/nginx.pid", "log/nginx-error.log",
             (signal.SIGQUIT, 12), (signal.SIGTERM, 3), (signal.SIGKILL, 2))
SERVICE = Part("service", "bin", "service.pid", "log/service.log")  # its settings say how it ends
POSTGRES = Part("postgres", "postgres", "postgres/postmaster.pid", "log/postgres.log",
                (signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 2))
PARTS = (NGINX, SERVICE, POSTGRES)  # in the order in which they stop


def rotate(log):
    """Keeps a log and its predecessor from filling the disk."""
    with contextlib.suppress(OSError):
        if os.lstat(log).st_size > ROTATE_BYTES:
            os.replace(log, f"{log}.old")
