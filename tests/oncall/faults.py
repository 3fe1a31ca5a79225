"""What can be wrong in the on-call game. Each fault is a context manager of a stack and its traffic: it breaks
something, goes on breaking it while that heals by itself, and restores it at the end. Its first line of
documentation is what the player chooses from."""

import contextlib
import os
import random
import signal
import threading

import psycopg2

import breaks
from load import Load
from stack import children, paused, wait_until

DEEP_READERS = 24


@contextlib.contextmanager
def _repeatedly(action, every_s):
    """Calls `action` at once and again and again. What it meets may be broken already."""
    stopping = threading.Event()

    def run():
        while True:
            with contextlib.suppress(OSError, psycopg2.Error, IndexError):
                action()
            if stopping.wait(every_s):
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextlib.contextmanager
def worker_crashes(stack, _):
    """a worker crashes again and again"""
    with _repeatedly(lambda: breaks.kill(stack.worker_pids()[-1]), every_s=2):
        yield


@contextlib.contextmanager
def worker_hangs(stack, _):
    """a worker hangs; so does the one that replaces it"""
    frozen = set()

    def freeze():
        if not frozen.intersection(stack.worker_pids()):
            frozen.add(stack.worker_pids()[-1])
            os.kill(stack.worker_pids()[-1], signal.SIGSTOP)

    with _repeatedly(freeze, every_s=3):
        yield
    for pid in frozen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def database_stopped(stack, _):
    """the database server is stopped"""
    stack.stop_database()
    yield
    stack.start()


@contextlib.contextmanager
def database_frozen(stack, _):
    """the database server hangs"""
    postmaster = stack.postmaster_pid()
    with paused([postmaster, *children(postmaster)]):
        yield


@contextlib.contextmanager
def row_locked(stack, traffic):
    """somebody keeps a row locked that many shoppers vote for"""
    with stack.locked("SELECT FROM answers WHERE id = ANY (%s) FOR UPDATE", traffic.voted[:3]):
        yield


@contextlib.contextmanager
def table_locked(stack, _):
    """somebody keeps a whole table locked"""
    with stack.locked("LOCK TABLE answers IN ACCESS EXCLUSIVE MODE"):
        yield


@contextlib.contextmanager
def sessions_ended(stack, _):
    """something ends the service's database sessions again and again"""
    with _repeatedly(lambda: breaks.terminate_a_session(stack), every_s=0.3):
        yield


@contextlib.contextmanager
def logins_refused(stack, _):
    """the database takes fewer connections than the service needs"""
    stack.sql("ALTER ROLE atelier_qa_service CONNECTION LIMIT 3")
    stack.terminate_backends()
    yield
    stack.sql("ALTER ROLE atelier_qa_service CONNECTION LIMIT -1")


@contextlib.contextmanager
def nginx_gone(stack, _):
    """NGINX is gone"""
    os.kill(stack.nginx_pid(), signal.SIGTERM)
    wait_until(lambda: not stack.nginx_pid())
    yield
    stack.start()


@contextlib.contextmanager
def supervisor_frozen(stack, _):
    """the supervisor hangs"""
    with paused([stack.supervisor_pid()]):
        yield


@contextlib.contextmanager
def pages_not_made(stack, _):
    """ready-made pages are not made: something locks their table"""
    with stack.locked("LOCK TABLE product_pages IN SHARE MODE"):
        yield


@contextlib.contextmanager
def reload_fails(stack, _):
    """a reload fails, since the settings are wrong"""
    with stack.env_file("QA_LOCK_TIMEOUT_MS=9000\n"):
        stack.reload()
        yield


@contextlib.contextmanager
def overload(stack, _):
    """a client floods the service with expensive pages"""
    [(product,)] = stack.sql("SELECT max(product_id) + 1 FROM questions")
    stack.sql("INSERT INTO questions (product_id, body, asker_name, asker_email) SELECT %s, repeat('Why? ', 100),"
              " 'asker', 'asker@mail.example' FROM generate_series(1, 3000)", product)
    pages = [("GET", f"/qa/questions?product_id={product}&count=1000&page={random.randint(1, 10**9)}", None)
             for _ in range(50_000)]
    full = [("GET", f"/qa/questions?product_id={product}&count={count}", None) for count in range(400, 1000)]
    with Load(stack.port, [request for pair in zip(full * 80, pages) for request in pair], clients=DEEP_READERS):
        yield
    stack.sql("DELETE FROM questions WHERE product_id = %s", product)


ALL = [worker_crashes, worker_hangs, database_stopped, database_frozen, row_locked, table_locked, sessions_ended,
       logins_refused, nginx_gone, supervisor_frozen, pages_not_made, reload_fails, overload]
