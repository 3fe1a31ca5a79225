#!/usr/bin/env python3
"""Runs these tests in several processes of pytest side by side, `make e2e`: most tests wait for much of their time.

    side_by_side.py PROCESSES [ARGUMENT...]    arguments of pytest

Each process takes the next file that none has taken yet, and starts the stacks that its files share. What the first
says is shown at once, what the others say when they have ended. The exit status is that of one that failed."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Files that take long, which come first: who came to one of them last would go on alone.
LONG = ("test_api_description.py", "test_coherence.py", "test_import.py", "test_stack.py", "test_load_testing.py",
        "test_cache.py", "test_widget.py")


# ---- In each process: conftest.py ----

def next_files(items, taken):
    """The tests of the files that this process takes, a file when it is come to. `taken`: a folder with an entry for
    each that is taken."""
    files = {}
    for item in items:
        files.setdefault(item.path.name, []).append(item)
    first = [name for name in LONG if name in files]
    for name in [*first, *(name for name in files if name not in first)]:
        try:
            (taken / name).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from files[name]


def run_next_files(session, taken):
    """In place of pytest's own loop over all tests."""
    if session.testsfailed and not session.config.option.continue_on_collection_errors:
        raise session.Interrupted(f"{session.testsfailed} errors while the tests were collected")
    ahead, behind = itertools.tee(next_files(session.items, taken))
    next(ahead, None)
    for item, following in itertools.zip_longest(behind, ahead):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


# ---- The processes ----

def start(number, taken, output, arguments):
    return subprocess.Popen([sys.executable, "-m", "pytest", HERE, f"--take-files={taken}", *arguments],
                            env={**os.environ, "E2E_PROCESS": str(number)}, stdout=output,
                            stderr=subprocess.STDOUT if output else None)


def main(count, *arguments):
    with tempfile.TemporaryDirectory(prefix="atelier-taken-") as taken:
        outputs = [None, *(tempfile.TemporaryFile("w+") for _ in range(int(count) - 1))]
        processes = [start(number, taken, output, arguments) for number, output in enumerate(outputs)]
        # Ctrl-C reaches them all, and they stop what they have started; a polite kill they are told of.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: [process.terminate() for process in processes])
        statuses = []
        for process, output in zip(processes, outputs):
            statuses.append(process.wait())
            if output:
                output.seek(0)
                print(output.read(), flush=True)
    return next(filter(None, statuses), 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
