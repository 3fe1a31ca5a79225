"""Sessions with PostgreSQL that are used again. A test that waits asks again and again, and for the server a new
session is more work than most statements."""

import select
import threading

import psycopg2

MOST = 3  # of a thread

_of_thread = threading.local()


def execute(url, statement, parameters):
    """Executes it in a session of this thread, commits, and returns the rows. What it sets does not outlast it."""
    connection = _take(url)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)  # who fails here loses the session
        rows = cursor.fetchall() if cursor.description else []
        cursor.execute("DISCARD ALL")
    _kept()[url] = connection
    return rows


def _kept():
    """By connection strings, the last used is last."""
    if not hasattr(_of_thread, "kept"):
        _of_thread.kept = {}
    return _of_thread.kept


def _take(url):
    """One that was kept, unless the other side has ended it, which then has said so."""
    kept = _kept()
    connection = kept.pop(url, None)
    if connection and not select.select([connection], [], [], 0)[0]:
        return connection
    while len(kept) >= MOST:
        kept.pop(next(iter(kept))).close()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection
