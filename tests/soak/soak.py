#!/usr/bin/env python3
"""Checks READS reads for their age (tests/e2e/coherence.py) on a stack of its own and a second service
that shares pages with it, while one thing after the other is broken: `make soak`.

    soak.py [READS]

It ends with a summary, on Ctrl-C too; exit status 1 when a read was stale or something else was wrong."""

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import breaks  # noqa: E402
import conftest  # noqa: E402
import product_pages  # noqa: E402
import test_process  # noqa: E402
from coherence import Checker  # noqa: E402
from stack import Stack  # noqa: E402

BREAK_EVERY_S = 6  # on average; half of the reads then meet a stack that is whole
TELL_EVERY_S = 60
SETTLED_S = 3.5 + 5  # so late a commit may come that nobody was told of, and be noticed
SETTINGS = {"QA_WORKERS": "4", "QA_SAMPLE_PRODUCTS": "10", "QA_LOG_LEVEL": "info",
            "QA_CACHE_LIFETIME_S": "3600", "QA_ANSWERS_PER_QUESTION": "1000",
            "QA_ACCESS_LOG": "/dev/null"}


def as_owner_of(folder):
    """The beginning of a command: whoever shares memory must be one user, and root starts a stack as its
    folder's owner."""
    owner = folder.stat()
    return (["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
            if os.geteuid() == 0 else [])


class Neighbour:
    """A second service on the same database and the same shared file."""

    def __init__(self, stack, folder, shared):
        self._arguments = stack, folder
        self._settings = {**SETTINGS, "QA_WORKERS": "2", "QA_SHARED_FILE": shared,
                          "prefix": as_owner_of(stack.folder)}
        folder.mkdir()
        owner = stack.folder.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        self.sockets = [folder / f"run/worker{number}.sock" for number in range(2)]

    def __enter__(self):
        self._running = test_process.running(*self._arguments, **self._settings)
        self._service = self._running.__enter__()
        self._service.wait_until_ready()
        return self

    def __exit__(self, *_):
        self._running.__exit__(None, None, None)

    def make_whole(self):
        if self._service.process.poll() is not None:
            self.__enter__()

    def kill_the_neighbour(self, _):
        self.__exit__()
        self.__enter__()

    def kill_both_services(self, stack):
        """So that the next one makes a new memory."""
        breaks.kill(stack.supervisor_pid(), self._service.process.pid)
        stack.start()
        self.kill_the_neighbour(stack)

    def freeze_the_neighbour(self, _):
        with breaks.paused([self._service.process.pid]):
            time.sleep(breaks.FROZEN_S)


@contextlib.contextmanager
def two_services():
    with tempfile.TemporaryDirectory(prefix="atelier-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL does not run as root
        shared = str(folder / "state/shared")
        with Stack(folder / "state", QA_SHARED_FILE=shared, **SETTINGS) as stack:
            with Neighbour(stack, folder / "neighbour", shared) as neighbour:
                yield stack, neighbour
                product_pages.assert_right(stack)
        conftest.assert_clean(stack)
        lines = [*stack.log(), *map(json.loads, (folder / "neighbour/log").open())]
        hits = sum(line.get("nginx_hits", 0) for line in lines)
        print(f"{hits:,} hits in NGINX were counted by services that were not killed")


def tell(counts):
    print(f"{counts.seconds:8.0f} s  {counts.reads:,} reads, {counts.reads / counts.seconds:,.0f} a second;"
          f" {counts.acknowledged:,} writes, {counts.unknown:,} unknown; {counts.stale} stale,"
          f" {counts.wrong} wrong", flush=True)


def break_until(checker, stack, neighbour, reads):
    """Counts how often what was broken."""
    all_breaks = [*breaks.ALL, neighbour.kill_the_neighbour, neighbour.freeze_the_neighbour,
                  neighbour.kill_both_services]
    broken = dict.fromkeys(all_breaks, 0)
    told_s = 0
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            counts = checker.counts()
            if counts.seconds - told_s >= TELL_EVERY_S:
                told_s = counts.seconds
                tell(counts)
            if counts.reads >= reads or counts.stale or counts.wrong:
                break
            time.sleep(random.uniform(0, 2 * BREAK_EVERY_S))
            break_something = random.choice(all_breaks)
            break_something(stack)
            broken[break_something] += 1
    return {break_something.__name__: times for break_something, times in broken.items()}


def main():
    reads = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with two_services() as (stack, neighbour):
        with Checker(stack, faults=True, sockets=neighbour.sockets) as checker:
            broken = break_until(checker, stack, neighbour, reads)
        time.sleep(SETTLED_S)
        stack.start()  # Ctrl-C may have come while something was down
        neighbour.make_whole()
        faults = checker.compare_with(stack)
    findings = checker.findings
    tell(findings)
    print(f"{findings.confirmed:,} of the reads were confirmed by a 304, {findings.compressed:,} compressed;"
          f" {findings.failed:,} reads failed, {findings.refused:,} writes were refused")
    print("\n".join(f"{times:6}  {name.replace('_', ' ')}" for name, times in broken.items()))
    print(findings.told + "\n".join(faults), file=sys.stderr)
    return 1 if findings.stale or findings.wrong or faults else 0


if __name__ == "__main__":
    sys.exit(main())
