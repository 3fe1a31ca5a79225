#!/usr/bin/env python3
"""What reads cost the primary, when 0, 1 or 2 standbys serve reads: a table.

    standby_reads.py [SECONDS]

Two API hosts on one database, whose pages nobody has asked for before: so each read is a query. Each tenth request is a
vote, and every other read is of a question that was just voted for: the standby has to be as new. With two
standbys each host names another one first."""

import contextlib
import itertools
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import conftest  # noqa: E402
import hosts  # noqa: E402
import servers  # noqa: E402
from stack import children, wait_until  # noqa: E402
from wire import Client, request  # noqa: E402

PRODUCTS, CLIENTS, VOTE_EACH = 1000, 8, 10
SETTINGS = {**hosts.SETTINGS, "QA_LEASE_MS": "20"}
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(postmaster):
    """Of a server's processes, those included that have ended."""
    def times(pid, *fields):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
            values = stat.read().rsplit(")", 1)[1].split()
            return sum(int(values[field]) for field in fields)
        return 0
    return (times(postmaster, 11, 12, 13, 14) + sum(times(pid, 11, 12) for pid in children(postmaster))) / TICKS


def postmaster_of(folder):
    return int((folder / "postgres/postmaster.pid").read_text().split()[0])


def be_a_client(address, questions, end, counts, lock):
    numbers, reads, votes = itertools.count(random.randrange(VOTE_EACH)), 0, 0
    voted = None
    with Client(address) as client:
        while time.monotonic() < end:
            product, question = voted or random.choice(questions)
            if next(numbers) % VOTE_EACH == 0:
                product, question = random.choice(questions)
                assert client.ask(request("PUT", f"/qa/questions/{question}/helpful")).status == 204
                voted, votes = (product, question), votes + 1
            else:
                # Pages differ by their number of questions.
                target = f"/qa/questions?product_id={product}&count={random.randrange(1, 1000)}"
                assert client.ask(request("GET", target)).status == 200
                voted, reads = None, reads + 1
    with lock:
        counts[0] += reads
        counts[1] += votes


def load(addresses, questions, seconds):
    """(reads, votes)"""
    counts, lock, end = [0, 0], threading.Lock(), time.monotonic() + seconds
    clients = [threading.Thread(target=be_a_client, args=(addresses[i % len(addresses)], questions, end, counts, lock))
               for i in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return counts


def measure(stack, standbys, folder, seconds):
    with contextlib.ExitStack() as running:
        all_hosts = []
        for number in range(2):
            near_first = standbys[number:] + standbys[:number]
            url = servers.moved(stack.serving_url, *(standby.sockets for standby in near_first)) if standbys else ""
            all_hosts.append(running.enter_context(hosts.beside(
                stack, folder / f"host{len(standbys)}{number}", **SETTINGS, QA_READ_DATABASE_URL=url)))
        questions = stack.sql("SELECT product_id, id FROM questions WHERE NOT reported")
        addresses = [socket for host in all_hosts for socket in host.sockets]
        load(addresses, questions, 2)
        wait_until(lambda: not standbys or all(standby.sessions() for standby in standbys))

        def state():
            primary = postmaster_of(stack.folder)
            [(transactions,)] = stack.sql("SELECT xact_commit + xact_rollback FROM pg_stat_database"
                                          " WHERE datname = 'atelier_qa'")
            outcomes = [sum(host.metrics().value("atelier_qa_standby_reads_total", outcome=outcome)
                            for host in all_hosts) for outcome in ("served", "behind", "failed")]
            return [cpu_s(primary), sum(cpu_s(postmaster_of(standby.folder)) for standby in standbys), transactions,
                    *outcomes]

        time.sleep(1.5)  # in which sessions tell what they have done
        before = state()
        reads, votes = load(addresses, questions, seconds)
        time.sleep(1.5)
        risen = [now - then for now, then in zip(state(), before)]
    return reads, votes, risen


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    print("| standbys | reads | votes | served by a standby | it was behind | no result | the primary's transactions a"
          " request | its processor time a request, ms | that of standbys, ms |\n|---|---|---|---|---|---|---|---|---|",
          flush=True)
    with tempfile.TemporaryDirectory(prefix="atelier-") as name, \
            conftest.running(QA_SAMPLE_PRODUCTS=str(PRODUCTS), **SETTINGS) as stack, contextlib.ExitStack() as more:
        folder, standbys = Path(name), []
        folder.chmod(0o755)
        for number in range(3):
            if number > 0:
                standbys.append(more.enter_context(
                    servers.standby_of(stack.folder, stack.superuser_url("postgres"), f"standby{number}")))
            reads, votes, (cpu, others, transactions, served, behind, failed) = measure(
                stack, standbys, folder, seconds)
            requests = reads + votes
            print(f"| {number} | {reads:,} | {votes:,} | {served / reads:.1%} | {behind / reads:.1%} |"
                  f" {failed / reads:.1%} | {transactions / requests:.2f} | {cpu / requests * 1000:.2f} |"
                  f" {others / requests * 1000:.2f} |", flush=True)


if __name__ == "__main__":
    conftest.stop_politely()
    main()
