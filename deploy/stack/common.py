"""What the others use: what is told, signals to stop, children, locks."""

import contextlib
import fcntl
import math
import os
import signal
import subprocess
import time

SECONDS_TO_READY = 120  # on a small and busy machine; what ends is told at once


class Failure(Exception):
    """Ends the command; the message is told, after the last lines of a part's log. Without a message where a
    child has told why."""

    def __init__(self, message=None, part=None):
        super().__init__(message)
        self.message, self.part = message, part


class Stopped(Exception):
    """A signal to stop has come."""

    def __init__(self, number):
        super().__init__(number)
        self.status = 128 + number


def say(text):
    try:
        print(text, flush=True)
    except OSError:  # who listened has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


# A signal to stop takes effect between two steps, so that none is cut in two: a child that was begun is
# waited for. One that was ignored from the beginning (nohup) stays so.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_stop_signals = []


def heed_stop_signals():
    for number in STOP_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: _stop_signals.append(number))


def ignore_stop_signals():
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    _stop_signals.clear()


def check_stop_signals():
    if _stop_signals:
        raise Stopped(_stop_signals[0])


def pause(seconds=0.05):
    time.sleep(seconds)
    check_stop_signals()


# What holds a lock for its caller passes it on to those that work for it, such as initdb: the kernel lets go
# of it when all of them have ended, in whatever way.
_locks = []

CHILD = {"stdin": subprocess.DEVNULL,
         "restore_signals": False}  # none dies of SIGPIPE where who listens to us has gone


def run(*command, **options):
    """Runs a command to its end; its exit status."""
    with subprocess.Popen(command, **{**CHILD, "pass_fds": _locks, **options}) as child:
        child.wait()
    check_stop_signals()
    return child.returncode


def start(*command, **options):
    """Runs a command that leaves a part running, which must have none of the locks; its exit status."""
    return subprocess.run(command, check=False, start_new_session=True,
                          **{**CHILD, "stdout": subprocess.DEVNULL, **options}).returncode


def output(*command, **options):
    """What a command prints; None where it failed."""
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, **{**CHILD, **options})
    check_stop_signals()
    return result.stdout if result.returncode == 0 else None


def _try_lock(descriptor):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def locked(path, flags=os.O_RDONLY, busy=None, seconds=math.inf):
    """Holds the lock of a file or folder. While another has it, that is told with the words `busy`, and is a
    failure after so many seconds."""
    descriptor = os.open(path, flags, 0o644)
    try:
        if not _try_lock(descriptor):
            if seconds == 0:
                raise Failure(busy)
            if busy:
                say(busy)
            deadline = time.monotonic() + seconds
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise Failure("gave up waiting")
                pause()
        _locks.append(descriptor)
        yield
    finally:
        if descriptor in _locks:
            _locks.remove(descriptor)
        os.close(descriptor)


def write_anew(path, text, mode=0o644):
    """Replaces a file in one step."""
    new = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(new, path)
