#!/usr/bin/python3
"""What two hosts on one database cost: two with `QA_LEASE_MS=20`, by turns with one that has none, on the data set of
`make bench`.

    two_hosts.py [SECONDS] [TURNS] [LOAD...]

The clients of one host are those of both hosts, half of them each, and so are its workers. Votes are measured twice:
with so many shoppers that the database has always work, and with few, for how long a vote takes."""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from closed_loop import run_wrk
from product_stack import ProductStack
from settings import READ_CONNECTIONS, settings_from_environment

ONE = {"QA_WORKERS": "2"}
TWO = {"QA_WORKERS": "1", "QA_LEASE_MS": "20"}
# name: (message, of which, connections)
LOADS = {"hot reads": ("questions", "hot", READ_CONNECTIONS),
         "random products": ("questions", "uniform", READ_CONNECTIONS),
         "votes of 1,024 shoppers": ("vote", "uniform", 1024), "votes of 32 shoppers": ("vote", "uniform", 32)}
WARM_UP_S = 3
SETTLED_S = 10  # so long after its start a host without a lease keeps pages for a short time


@contextlib.contextmanager
def second_host(stack, port):
    """Another stack on the database of the first; its address."""
    def url_of(role):
        return (stack.state / f"secrets/{role}-url").read_text().strip()

    with tempfile.TemporaryDirectory(prefix="atelier-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        own = {**TWO, "PORT": str(port), "QA_STATE_DIR": f"{folder}/state",
               "DATABASE_URL": url_of("service"), "QA_OWNER_DATABASE_URL": url_of("owner"),
               "QA_ADMIN_LISTEN": f"unix:{folder}/state/run/admin.sock"}
        try:
            stack.stack_sh("start", **own)
            yield f"http://127.0.0.1:{port}"
        finally:
            stack.stack_sh("stop", **own)


def load(stack, addresses, name, seconds):
    """Requests a second of all, and the median in ms."""
    message, choice, connections = LOADS[name]
    count = stack.rows["answers" if message == "vote" else "products"]

    def one(address):
        result = run_wrk(address, message, choice, count, connections // len(addresses), seconds)
        assert not result["failed"], result
        return result

    with ThreadPoolExecutor() as at_once:
        results = list(at_once.map(one, addresses))
    return sum(result["rate"] for result in results), max(result["percentiles_ms"][50] for result in results)


def measure(stack, addresses, names, seconds):
    time.sleep(SETTLED_S)
    figures = {}
    for name in names:
        stack.checkpoint()
        load(stack, addresses, name, WARM_UP_S)
        figures[name] = load(stack, addresses, name, seconds)
    return figures


def turn(stack, port, *arguments):
    stack.serve(ONE)
    one = measure(stack, [stack.base_url], *arguments)
    stack.serve(TWO)
    with second_host(stack, port) as second:
        return one, measure(stack, [stack.base_url, second], *arguments)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    names = sys.argv[3:] or LOADS
    settings = settings_from_environment()
    with ProductStack(settings) as stack:
        stack.read_into_memory()
        stack.wait_for_pages()
        figures = [turn(stack, settings.port + 100, names, seconds) for _ in range(turns)]
    print("| | one host, a second | two hosts, a second | ratio of each turn | median | p50 of one, ms | of two, ms |\n"
          "|---|---|---|---|---|---|---|")
    for name in names:
        rates = [(one[name][0], two[name][0]) for one, two in figures]
        ratios = [two / one for one, two in rates]
        one, two = (statistics.median(of_one_turn) for of_one_turn in zip(*rates))
        p50 = [statistics.median(of_a_turn[number][name][1] for of_a_turn in figures) for number in (0, 1)]
        print(f"| {name} | {one:,.0f} | {two:,.0f} | {' '.join(f'{ratio:.2f}' for ratio in ratios)} |"
              f" {statistics.median(ratios):.2f} | {p50[0]:.1f} | {p50[1]:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
