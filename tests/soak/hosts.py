#!/usr/bin/env python3
"""Counts violations of "read your writes" at several hosts on one database: writers and readers everywhere, while
validators, sessions and workers are killed or stand still, hosts reload and rows are imported, and a standby, from
which all hosts but the first read, stands still or stops to replay: `make hosts-test`.

    hosts.py [SECONDS]

Each row of its table is a run of so many seconds. The rows whose program has a deliberate fault show that the checker
would have found one. Exit status 1: a run found something and should not have, or the other way round."""

import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import breaks  # noqa: E402
import conftest  # noqa: E402
import hosts  # noqa: E402
import servers  # noqa: E402
import test_import  # noqa: E402
from coherence import Checker  # noqa: E402
from stack import paused, wait_until  # noqa: E402

BREAK_EVERY_S = 1.5  # on average
PRODUCT = 900_000_000  # of what is imported: the checker looks at others
# (hosts, QA_LEASE_MS, fault, the standby: SYNCHRONOUS, for example, whether it is read from)
ASYNCHRONOUS, SYNCHRONOUS = "asynchronous", "synchronous"
RUNS = [(2, 20, None, None, False), (3, 20, None, None, False), (2, 20, None, ASYNCHRONOUS, False),
        (2, 20, None, SYNCHRONOUS, False), (2, 2, None, None, False),
        (2, 20, None, ASYNCHRONOUS, True), (3, 20, None, SYNCHRONOUS, True),
        (2, 2, "NO_LEASE", None, False), (2, 2, "LEASE_FROM_RECEIPT", None, False),
        (2, 20, "WITHOUT_XIP", None, False),
        (2, 20, "STANDBY_UNCHECKED", ASYNCHRONOUS, True)]


class Breaks:
    """What is broken meanwhile, one thing after the other."""

    def __init__(self, stack, all_hosts, standby, folder):
        self._stack, self._hosts, self._standby, self._times = stack, all_hosts, standby, {}
        self._target = test_import.Target(stack, stack.owner_url, folder, stack.folder)
        self._next_id = PRODUCT

    def kill_a_validator(self):
        random.choice(self._hosts).kill_the_validator()

    def freeze_a_validator(self):
        with paused(random.choice(self._hosts).validators()):
            time.sleep(random.uniform(0, 1))

    def end_the_sessions_of_validators(self):
        hosts.end_the_sessions_of_validators(self._stack)

    def end_a_session(self):
        breaks.terminate_a_session(self._stack)

    def kill_a_worker(self):
        breaks.kill_a_worker(self._stack)

    def reload(self):
        random.choice(self._hosts).reload()

    def import_rows(self):
        self._next_id += 1
        self._target.write(questions=[test_import.post(self._next_id, PRODUCT)])
        self._target.run(test_import.DONE)

    def freeze_the_standby(self):
        with self._standby.frozen():
            time.sleep(random.uniform(0, 2))

    def stop_replay(self):
        self._standby.sql("SELECT pg_wal_replay_pause()")
        time.sleep(random.uniform(0, 2))
        self._standby.sql("SELECT pg_wal_replay_resume()")

    def end_a_session_of_the_standby(self):
        self._standby.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                          " WHERE usename = 'atelier_qa_service' LIMIT 1")

    def go_on(self, seconds):
        """How often what was broken."""
        end = time.monotonic() + seconds
        ways = [self.kill_a_validator, self.freeze_a_validator, self.end_the_sessions_of_validators,
                self.end_a_session, self.kill_a_worker, self.reload, self.import_rows]
        if self._standby:
            ways += [self.stop_replay, self.end_a_session_of_the_standby]
        if self._standby and not self._stack.sql("SHOW synchronous_standby_names")[0][0]:
            ways.append(self.freeze_the_standby)  # else all commits would wait, and the checker for them
        times = dict.fromkeys((way.__name__ for way in ways), 0)
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, random.uniform(0, 2 * BREAK_EVERY_S)))
            way = random.choice(ways)
            way()
            times[way.__name__] += 1
        return times


@contextlib.contextmanager
def some_hosts(count, folder, lease_ms, fault, kind, is_read_from):
    """(stack, hosts, the standby if it is read from)"""
    settings = {**hosts.SETTINGS, "QA_LEASE_MS": str(lease_ms), "QA_LOG_LEVEL": "info"}
    more = {"FAULT": fault} if fault else {}
    with conftest.running(QA_SAMPLE_PRODUCTS="0", **settings, **more) as stack, contextlib.ExitStack() as others:
        standby = kind and others.enter_context(servers.standby_of(stack.folder, stack.superuser_url("postgres")))
        if kind == SYNCHRONOUS:
            stack.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            stack.sql("SELECT pg_reload_conf()")
            wait_until(lambda: stack.sql("SELECT sync_state FROM pg_stat_replication") == [("sync",)])
        if is_read_from:
            settings["QA_READ_DATABASE_URL"] = standby.url()
        yield stack, [hosts.first_of(stack), *(others.enter_context(hosts.beside(stack, folder / f"host{number}",
                                                                                 **settings))
                                               for number in range(2, count + 1))], standby if is_read_from else None
        if kind == SYNCHRONOUS:
            stack.sql("ALTER SYSTEM RESET synchronous_standby_names")
            stack.sql("SELECT pg_reload_conf()")


def run(seconds, *arguments):
    with tempfile.TemporaryDirectory(prefix="atelier-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with some_hosts(arguments[0], folder, *arguments[1:]) as (stack, all_hosts, standby):
            sockets = [socket for host in all_hosts[1:] for socket in host.sockets]
            with Checker(stack, faults=True, sockets=sockets, reads_per_write=20) as checker:
                times = Breaks(stack, all_hosts, standby, folder).go_on(seconds)
            hits = sum(host.hits() for host in all_hosts)
            by_standby = sum(host.metrics().value("atelier_qa_standby_reads_total", outcome="served")
                             for host in all_hosts)
    return checker.findings, times, hits, by_standby


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    is_right = True
    print("| hosts | lease, ms | standby | fault | reads | of them hits | queries of a standby | writes acknowledged |"
          " violations | broken |\n|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for arguments in RUNS:
        count, lease_ms, fault, kind, is_read_from = arguments
        findings, times, hits, by_standby = run(seconds, *arguments)
        is_right = is_right and bool(fault) == (findings.stale > 0) and findings.wrong == 0
        standby = (kind or "–") + (", read from" if is_read_from else "")
        print(f"| {count} | {lease_ms} | {standby} | {fault or '–'} | {findings.reads:,} | {hits:,} |"
              f" {by_standby:,.0f} | {findings.acknowledged:,} | {findings.stale} | {sum(times.values())} |", flush=True)
        if findings.stale or findings.wrong:
            print(findings.told[:1000], file=sys.stderr)
    return 0 if is_right else 1


if __name__ == "__main__":
    conftest.stop_politely()
    sys.exit(main())
