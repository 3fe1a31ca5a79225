"""Requests at a constant rate, for latency; constant_rate.c sends them.

Each latency counts from the moment at which the request was due, so that neither slow answers nor a
delay of the generator itself leave anything out: no coordinated omission."""

import struct
import subprocess
from typing import NamedTuple
from urllib.parse import urlsplit

from commands import BenchError, bound_to_us
from settings import CONNECTIONS_PER_WORKER, CONSTANT_RATE
from targets import KINDS, write_targets

PERCENTILES = (10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100)
NOT_SENT, NO_ANSWER = -1, 0  # for a status
HEADER, RECORD = struct.Struct("=qq"), struct.Struct("=qqqii")


class Sample(NamedTuple):
    """What became of a request; times are in seconds from the beginning."""
    due: float
    sent: float
    done: float
    status: int
    kind: str

    @property
    def waited(self):
        return self.done - self.due

    @property
    def good(self):
        return 200 <= self.status < 400


class Attack:
    """A run of the generator under way: `targets` sent to the stack; `folder` is for files."""

    def __init__(self, folder, name, stack, targets, rate, seconds):
        self._seconds = seconds
        self._results = folder / f"{name}.results"
        self._targets = folder / f"{name}.targets"
        write_targets(self._targets, targets)
        self._command = bound_to_us([CONSTANT_RATE, urlsplit(stack.base_url).port, rate, seconds,
                                     CONNECTIONS_PER_WORKER * stack.workers(), self._targets,
                                     self._results])
        self._process = None

    def start(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        return self

    def stop(self):
        if self._process:
            self._process.kill()
            self._process.wait()

    def wait(self):
        try:
            if self._process.wait(self._seconds + 30) != 0:
                raise BenchError("the generator of constant rates failed")
        except subprocess.TimeoutExpired as error:
            raise BenchError("the generator of constant rates did not end") from error

    def samples(self):
        """Waits for the end; when it began, in seconds of the wall clock, and the samples."""
        self.wait()
        data = self._results.read_bytes()
        self._results.unlink()
        self._targets.unlink()
        began, _ = HEADER.unpack_from(data)
        return began / 1e9, [
            Sample(due / 1e9, sent / 1e9, done / 1e9, status, KINDS[kind])
            for due, sent, done, status, kind in RECORD.iter_unpack(data[HEADER.size:])]


def percentiles_ms(seconds, at=PERCENTILES):
    """Of a list in any order; nothing for none."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {float(p): 1000 * ordered[min(last, int(p / 100 * len(ordered)))] for p in at
            if ordered}


def count_failures(samples):
    names = {NOT_SENT: "not sent", NO_ANSWER: "no answer"}
    failures = {}
    for sample in samples:
        if not sample.good:
            name = names.get(sample.status, str(sample.status))
            failures[name] = failures.get(name, 0) + 1
    return failures


def summary(samples, rate, seconds):
    """What a run came to: `rate` of good answers, and their latencies from when they were due."""
    good = [sample for sample in samples if sample.good]
    sent = [sample for sample in samples if sample.status != NOT_SENT]
    failures = count_failures(samples)
    return {
        "offered": rate,
        "sent": len(sent) / seconds,
        "rate": len(good) / seconds,
        "requests": len(samples),
        "failed": sum(failures.values()),
        "failures": failures,
        "percentiles_ms": percentiles_ms([sample.waited for sample in good]),
        "generator_late_ms": percentiles_ms([sample.sent - sample.due for sample in sent]),
        "percentiles_ms_by_kind": {
            kind: percentiles_ms([sample.waited for sample in good if sample.kind == kind])
            for kind in KINDS if any(sample.kind == kind for sample in good)}}


def run_constant_rate(folder, stack, targets, rate, seconds):
    """One run from beginning to end."""
    attack = Attack(folder, "run", stack, targets, rate, seconds).start()
    try:
        return summary(attack.samples()[1], rate, seconds)
    finally:
        attack.stop()
