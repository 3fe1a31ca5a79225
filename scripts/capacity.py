#!/usr/bin/python3
"""The calculated tables of docs/capacity.md, from measured costs: what so many API hosts and a primary of so many
processors can do. `tests/e2e/test_capacity.py` compares.

    capacity.py         prints the tables
    capacity.py --write puts them into docs/capacity.md"""

import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs/capacity.md"

# Processor time in µs, of the API host or of the primary; docs/capacity.md says where each was measured.
HIT, MIXED_HOST = 10.6, 45.3
VOTE, MIXED = 79, 75.3  # with changes written
MISS_OLD, MISS_MARKED = 38, 195  # a page of the cache that was too old, that had changed
ROUND, CHANGE = 85, 0.6
PAGE_BYTES, CHANGE_BYTES, ROUND_BYTES = 2500, 40, 600  # on the network, with headers

HOST_PROCESSORS, USED = 2, 0.7  # of the processors, so that nobody waits long
ROUNDS_A_SECOND = 200
WORKERS, SESSIONS_OF_A_WORKER = 2, 6
WRITES, VOTES = 0.10, 0.08  # of the mixed traffic
PRODUCTS, MAX_AGE_S = 1_000_000, 300
HOSTS, PRIMARIES = (1, 2, 10, 100), (2, 8, 32)


def ranks():
    """(rank, how many products it stands for): the first hundred one by one, the others by tenths."""
    first = 1
    while first <= PRODUCTS:
        next_first = min(first + max(1, first // 10), PRODUCTS + 1)
        yield (first + next_first - 1) / 2, next_first - first
        first = next_first


WEIGHTS = [(1 / rank, number) for rank, number in ranks()]
TOTAL = sum(weight * number for weight, number in WEIGHTS)


def misses(reads, writes, caches):
    """A second at all caches together: of pages that were too old, and of pages that had changed. Reads are spread over
    products by Zipf's law, writes follow them, and clients are spread over caches."""
    old = changed = 0
    for weight, number in WEIGHTS:
        share = weight / TOTAL
        read, write, age = reads * share / caches, writes * share, 1 / MAX_AGE_S
        missed = caches * number * read / (read + write + age)
        old, changed = old + missed * age, changed + missed * write
    return old, changed


def load(rate, hosts, caches):
    """Of the primary, in processors, by mixed traffic. A page may be in so many caches: in that of each host, or in
    one, where the front leads each page to one host. The measured cost has the misses of one in it."""
    one, now = (misses(rate * (1 - WRITES), rate * WRITES, number) for number in (1, caches))
    more = (now[0] - one[0]) * MISS_OLD + (now[1] - one[1]) * MISS_MARKED
    return (rate * MIXED + more) / 1e6 + rounds(hosts, rate * WRITES)


def rounds(hosts, changes):
    """Of the primary, in processors. One host alone has no lease."""
    return hosts * (ROUNDS_A_SECOND * ROUND + changes * CHANGE) / 1e6 if hosts > 1 else 0


def most(is_enough, limit=1 << 26):
    """The highest rate that is possible."""
    low, high = 0, limit
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        low, high = (middle, high) if is_enough(middle) else (low, middle)
    return low


def shown(number):
    """With two digits that count."""
    digits = len(str(int(number))) - 2
    return f"{round(number, -digits) if digits > 0 else number:,.0f}"


def table(titles, rows):
    lines = [f"| {' | '.join(row)} |\n" for row in [titles, *rows]]
    return "".join([lines[0], f"|{'---|' * len(titles)}\n", *lines[1:]])


def table_of_hosts():
    budget = HOST_PROCESSORS * USED * 1e6
    return table(
        ["hosts", "hits a second", "their network, Gbit/s", "memory for pages, GiB", "sessions", "rounds a second",
         "their load, processors", "… with 10,000 changes a second", "… network of the primary, Mbit/s"],
        [[str(hosts), shown(hosts * budget / HIT), f"{hosts * budget / HIT * PAGE_BYTES * 8 / 1e9:.1f}", str(hosts),
          f"{hosts * (WORKERS * SESSIONS_OF_A_WORKER + (hosts > 1)):,}",
          f"{hosts * ROUNDS_A_SECOND * (hosts > 1):,}", f"{rounds(hosts, 0):.2f}", f"{rounds(hosts, 10_000):.2f}",
          f"{(hosts > 1) * hosts * (ROUNDS_A_SECOND * ROUND_BYTES + 10_000 * CHANGE_BYTES) * 8 / 1e6:.0f}"]
         for hosts in HOSTS])


def table_of_primaries():
    rows = []
    for processors in PRIMARIES:
        for hosts in HOSTS:
            def fits(used, processors=processors):
                return used <= processors * USED
            spread, by_product = (most(lambda rate: fits(load(rate, hosts, caches))) for caches in (hosts, 1))
            votes = most(lambda rate: fits(rate * VOTE / 1e6 + rounds(hosts, rate)))
            by_hosts = hosts * HOST_PROCESSORS * USED * 1e6 / MIXED_HOST
            rows.append([str(processors), str(hosts), *(shown(min(rate, by_hosts)) for rate in (spread, by_product)),
                         "hosts" if by_hosts < by_product else "primary", shown(votes)])
    return table(["processors of the primary", "hosts", "mixed requests a second, clients anywhere",
                  "… each page at one host", "what ends that", "votes alone, a second"], rows)


def table_of_limits():
    """Up to how many hosts rounds take at most a tenth of the primary."""
    def hosts_for(processors, changes):
        return str(int(processors * 0.1 * 1e6 / (ROUNDS_A_SECOND * ROUND + changes * CHANGE)))
    return table(["processors of the primary", "without changes", "1,000 changes a second", "10,000 changes a second"],
                 [[str(processors), *(hosts_for(processors, changes) for changes in (0, 1_000, 10_000))]
                  for processors in PRIMARIES])


TABLES = {"hosts": table_of_hosts, "primaries": table_of_primaries, "limits": table_of_limits}


def written(text):
    for name, make in TABLES.items():
        text = re.sub(rf"(<!-- capacity.py: {name} -->\n\n).*?(?=\n(?!\|))",
                      lambda match, make=make: match[1] + make().rstrip("\n"), text, flags=re.S)
    return text


def main():
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(written(PAGE.read_text()))
    else:
        for name, make in TABLES.items():
            print(f"{name}\n\n{make()}")


if __name__ == "__main__":
    main()
