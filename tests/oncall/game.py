#!/usr/bin/env python3
"""The on-call game: a stack with shoppers, in which one thing breaks that you are not told. Find it from
metrics, status page and logs alone: `make oncall`.

    game.py              plays once
    game.py --rehearse   breaks and restores everything once, and tells which fault does not heal

The runbook is docs/runbook.md. It ends after three guesses, after MINUTES, or on Ctrl-C; nothing is left."""

import contextlib
import os
import random
import secrets
import select
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import faults  # noqa: E402
from stack import Stack  # noqa: E402
from traffic import Traffic  # noqa: E402

MINUTES = 20
GUESSES = 3
PRODUCTS = 1000
QUIET_S = (20, 60)  # before something breaks
REHEARSED_S = 10


def say(text=""):
    print(text, flush=True)


@contextlib.contextmanager
def running():
    """A stack and its shoppers."""
    with tempfile.TemporaryDirectory(prefix="atelier-oncall-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder) / "state", QA_LOG_LEVEL="info", QA_SAMPLE_PRODUCTS=str(PRODUCTS)) as stack:
            traffic = Traffic(stack, PRODUCTS)
            traffic.start()
            try:
                yield stack, traffic
            finally:
                traffic.stop()


def tell_where(stack):
    say(f"""
The service    {stack.base_url}/qa/questions?product_id=1
status page    http://127.0.0.1:{stack.port + 1}/status
metrics        http://127.0.0.1:{stack.port + 1}/metrics
logs           {stack.folder}/log/ (service.log, access.log, nginx-error.log, postgres.log)
runbook        docs/runbook.md

All is well now. Look around: within {QUIET_S[1]} seconds one of these breaks.""")
    for number, fault in enumerate(faults.ALL, 1):
        say(f"  {number:2}  {fault.__doc__}")


def read_guess(until):
    """A number that the player types, or None when time is up or there is no more input."""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([sys.stdin], [], [], left)[0]:
            return None
        line = sys.stdin.readline()
        if not line:
            return None
        with contextlib.suppress(ValueError):
            return int(line)
        say("A number, please.")


def minutes_since(moment):
    seconds = int(time.monotonic() - moment)
    return f"{seconds // 60}:{seconds % 60:02} min"


def ask_player(drawn):
    began = time.monotonic()
    for _ in range(GUESSES):
        say("Which one? (number)")
        guess = read_guess(began + MINUTES * 60)
        if guess is None:
            break
        if guess == faults.ALL.index(drawn) + 1:
            say(f"Found after {minutes_since(began)}.")
            return
        say(f"No, after {minutes_since(began)}.")
    say("Not found.")


def play():
    drawn = secrets.choice(faults.ALL)
    with running() as (stack, traffic):
        tell_where(stack)
        time.sleep(random.uniform(*QUIET_S))
        before = traffic.seen.copy()
        with drawn(stack, traffic):
            say(f"\nSomething is broken, since {time.strftime('%H:%M:%S')}.")
            ask_player(drawn)
            say(f"It was: {drawn.__doc__}.")
            counts = sorted((traffic.seen - before).items(), key=str)
            say("Shoppers saw: " + ", ".join(f"{count} x {status}" for status, count in counts))
        say("Restored.")


def rehearse():
    """Whether each fault ends with its `with`: the stack is whole and shoppers get nothing but success."""
    with running() as (stack, traffic):
        for fault in faults.ALL:
            with fault(stack, traffic):
                time.sleep(REHEARSED_S)
            stack.wait_until_whole()
            say(f"restored  {fault.__doc__}")


if __name__ == "__main__":
    os.environ.pop("SANITIZE", None)
    with contextlib.suppress(KeyboardInterrupt):
        rehearse() if sys.argv[1:] == ["--rehearse"] else play()
