"""API hosts on one database, each with a cache of its own: a stack, whose NGINX responds with hits, and beside it the
program alone, once for each further host."""

import contextlib
import os
import signal
from pathlib import Path

import test_process
from exposition import scrape
from stack import UnixConnection, children, runs, wait_until

# Nothing that a cache holds may be healed by its expiry, and a page shows all that there is.
SETTINGS = {"QA_CACHE_LIFETIME_S": "3600", "QA_ANSWERS_PER_QUESTION": "1000"}


class Host:
    """One of them; `sockets` are its workers' own."""

    def __init__(self, folder, supervisor_pid):
        self.folder, self._supervisor_pid = Path(folder), supervisor_pid
        self.sockets = sorted((self.folder / "run").resolve().glob("worker*.sock"))

    def validators(self):
        """Their process ids, the oldest first; one, unless a reload is under way."""
        return [pid for pid in children(self._supervisor_pid()) if runs(pid, "validator")]

    def kill_the_validator(self):
        for pid in self.validators():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def reload(self):
        os.kill(self._supervisor_pid(), signal.SIGHUP)

    def metrics(self):
        return scrape(UnixConnection(self.folder / "run/admin.sock"))

    def rounds(self):
        """Those of its validators so far."""
        return self.metrics().value("db_client_operation_duration_seconds_count", db_query_summary="changes_since")

    def hits(self):
        metrics = self.metrics()
        return metrics.total("atelier_qa_cache_hits_total") + metrics.total("atelier_qa_nginx_hits_total")


def first_of(stack):
    return Host(stack.folder, stack.supervisor_pid)


@contextlib.contextmanager
def beside(stack, folder, **settings):
    """Another host on the stack's database."""
    folder.mkdir()
    with test_process.running(stack, folder, **{**SETTINGS, **settings}) as service:
        service.wait_until_ready()
        host = Host(folder, lambda: service.process.pid)
        host.service = service
        yield host


def end_the_sessions_of_validators(stack):
    stack.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'atelier-qa validator'")


def wait_for_rounds(*hosts):
    """Until each has completed a round that began after this was called."""
    for host in hosts:
        before = host.rounds()
        wait_until(lambda host=host, before=before: host.rounds() >= before + 2)
