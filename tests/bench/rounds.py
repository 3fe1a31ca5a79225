#!/usr/bin/python3
"""What the rounds of validators cost the primary: hosts with `QA_LEASE_MS`, each asked for a page now and then, on one
PostgreSQL. For docs/capacity.md.

    rounds.py [SECONDS]

First more and more hosts, then ten of them while rows are voted on. Processor time is that of the validators' sessions
as Linux counts it, whatever else the machine does; a busy machine makes it longer, and rounds fewer."""

import contextlib
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg2

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import conftest  # noqa: E402
import hosts  # noqa: E402
import test_process  # noqa: E402
from stack import wait_until  # noqa: E402
from wire import Client, request  # noqa: E402

SETTINGS = {"QA_LEASE_MS": "20", "QA_CACHE_MB": "16"}
ALONE = {**SETTINGS, "QA_WORKERS": "1", "QA_READ_CONNECTIONS": "1", "QA_WRITE_CONNECTIONS": "1"}
HOSTS = (1, 2, 5, 10, 20)
VOTES = (1000, 4000, 10000)  # a second
HOSTS_WITH_VOTES = 10
VOTES_OF_A_COMMIT = 20
ASK_EACH_S = 1
WARM_UP_S = 3


def sessions(stack, of_validators):
    """The server's processes, of validators or of workers."""
    return [pid for pid, is_validator in stack.sql(
        "SELECT pid, application_name = 'atelier-qa validator' FROM pg_stat_activity"
        " WHERE usename = 'atelier_qa_service'") if is_validator == of_validators]


class Hosts:
    """The first is a stack, the others are the program alone."""

    def __init__(self, stack, folder):
        self._stack, self._folder = stack, folder
        self._all = [hosts.first_of(stack)]
        self._exits = contextlib.ExitStack()
        self._is_over = threading.Event()
        self._asker = threading.Thread(target=self._ask)

    def __enter__(self):
        self._asker.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._asker.join()
        self._exits.close()

    def grow_to(self, count):
        for number in range(len(self._all) + 1, count + 1):
            folder = self._folder / f"host{number}"
            folder.mkdir()
            service = self._exits.enter_context(test_process.running(self._stack, folder, **ALONE))
            wait_until(lambda service=service: test_process.is_ready(service.connection()))
            self._all.append(hosts.Host(folder, lambda service=service: service.process.pid))
        wait_until(lambda: len(sessions(self._stack, of_validators=True)) == count)

    def _ask(self):
        """So that rounds are as frequent as they are while pages are asked for."""
        page = request("GET", "/qa/questions?product_id=1")
        while not self._is_over.wait(ASK_EACH_S):
            for host in list(self._all):
                with Client(host.sockets[0]) as client:
                    client.ask(page)

    def count(self):
        """Rounds and changes of all so far, processor seconds of their sessions and of the validators."""
        metrics = [host.metrics() for host in self._all]
        return (sum(of_host.value("db_client_operation_duration_seconds_count", db_query_summary="changes_since")
                    for of_host in metrics),
                sum(of_host.value("atelier_qa_validator_changes_total") for of_host in metrics),
                sum(map(seconds_of, sessions(self._stack, of_validators=True))),
                sum(seconds_of(pid) for host in self._all for pid in host.validators()))


def seconds_of(pid):
    """Processor time of a process, which Linux counts in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


class Votes:
    """On random answers, in commits of some votes each, and at a constant rate. `log_bytes`: of the write-ahead log for
    a vote, and how much of that are whole blocks, which the first change after a checkpoint logs."""

    def __init__(self, stack, rate):
        self._stack, self._rate, self.made = stack, rate, 0
        self._is_over = threading.Event()
        self._voter = threading.Thread(target=self._vote)

    def __enter__(self):
        self._stack.sql("CHECKPOINT")
        self._before = self._log()
        self._voter.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._voter.join()
        time.sleep(1)  # until the server has told its statistics
        self.log_bytes, self.blocks = ((now - then) / self.made for now, then in zip(self._log(), self._before))

    def _log(self):
        return self._stack.sql("SELECT pg_current_wal_lsn() - '0/0', wal_fpi FROM pg_stat_wal")[0]

    def _vote(self):
        [most] = self._stack.sql("SELECT max(id) FROM answers")[0]
        began = time.monotonic()
        with contextlib.closing(psycopg2.connect(self._stack.superuser_url())) as session:
            session.autocommit = True
            cursor = session.cursor()
            while not self._is_over.is_set():
                if self.made > self._rate * (time.monotonic() - began):
                    time.sleep(0.001)
                    continue
                chosen = sorted(random.sample(range(1, most + 1), VOTES_OF_A_COMMIT))
                cursor.execute("UPDATE answers SET helpful = helpful + 1 WHERE id = ANY (%s)", [chosen])
                self.made += VOTES_OF_A_COMMIT


def memory_of_sessions(stack):
    """What a session of a worker takes for itself, in MiB: the median."""
    own = [int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024 
           for pid in sessions(stack, of_validators=False)]
    return statistics.median(own)


def measure(running, seconds):
    time.sleep(WARM_UP_S)
    before, began = running.count(), time.monotonic()
    time.sleep(seconds)
    after, took = running.count(), time.monotonic() - began
    rounds, changes, server, own = (now - then for now, then in zip(after, before))
    return {"rounds a second": f"{rounds / took:,.0f}", "changes a round": f"{changes / rounds:.1f}",
            "primary, processors": f"{server / took:.3f}", "of a round, µs": f"{server / rounds * 1e6:.0f}",
            "validator, µs": f"{own / rounds * 1e6:.0f}"}


def tell(row):
    if row["votes a second"] == 0 and row["hosts"] == HOSTS[0]:
        print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}")
    print(f"| {' | '.join(map(str, row.values()))} |", flush=True)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory(prefix="atelier-", dir="/dev/shm") as name, \
            conftest.running(QA_SAMPLE_PRODUCTS="20000", **SETTINGS) as stack:
        folder = Path(name)
        folder.chmod(0o755)
        with Hosts(stack, folder) as running:
            for count in HOSTS:
                running.grow_to(count)
                tell({"hosts": count, "votes a second": 0, **measure(running, seconds)})
            print(f"  of a session: {memory_of_sessions(stack):.1f} MiB of its own")
        with Hosts(stack, Path(tempfile.mkdtemp(dir=name))) as running:
            running.grow_to(HOSTS_WITH_VOTES)
            for rate in VOTES:
                with Votes(stack, rate) as votes:
                    row = measure(running, seconds)
                tell({"hosts": HOSTS_WITH_VOTES, "votes a second": rate, **row})
                print(f"  of a vote: {votes.log_bytes:.0f} bytes of log, {votes.blocks:.3f} whole blocks")


if __name__ == "__main__":
    conftest.stop_politely()
    sys.exit(main())
