"""What a row costs all others, that somebody keeps locked and many clients write to without pause."""

import contextlib
import json

import pytest

import seed
from api import ANSWER, new_product
from conftest import running
from load import Load
from stack import WORKERS, wait_until
from wire import Client, request, wait_until_taken_in, worker_sockets

QUEUE_LIMIT, LOCKED_LIMIT = 40, 10  # of a worker; a quarter may wait for locked rows
HAMMERING = 64  # clients
KINDS = [("answers", "helpful"), ("answers", "report"), ("questions", "helpful"),
         ("questions", "report"), ("questions", "answers")]


@pytest.fixture(scope="module")
def stack():
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info") as stack:
        yield stack


@pytest.fixture(scope="module")
def narrow_stack():
    """Each worker has one connection for writes."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_WRITE_CONNECTIONS="1") as stack:
        yield stack


@pytest.fixture(scope="module")
def short_stack():
    """Short queues, and time to look while somebody waits for a lock."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_QUEUE_LIMIT=str(QUEUE_LIMIT),
                 QA_LOCK_TIMEOUT_MS="2000", QA_STATEMENT_TIMEOUT_MS="6000",
                 QA_REQUEST_TIMEOUT_MS="7000") as stack:
        yield stack


def rows(stack, table, count):
    questions = seed.questions(stack, new_product(), [0] * count)
    if table == "questions":
        return questions
    return [seed.answers(stack, question, [0])[0] for question in questions]


def call(table, action, row):
    """As `Load` takes it."""
    body = json.dumps(ANSWER).encode() if action == "answers" else None
    return "POST" if body else "PUT", f"/qa/{table}/{row}/{action}", body


def counted(stack, table, action, row):
    """How many calls have taken effect, as far as the row tells: a report only tells whether any has."""
    statement = {"helpful": f"SELECT helpful FROM {table} WHERE id = %s",
                 "report": f"SELECT reported::int FROM {table} WHERE id = %s",
                 "answers": "SELECT count(*)::int FROM answers WHERE question_id = %s"}[action]
    return stack.sql(statement, row)[0][0]


def assert_exact(stack, table, action, written, outcomes):
    """Every call took effect that was told so, and no other one."""
    for row in written:
        done = sum(target == call(table, action, row)[1] and status in (201, 204)
                   for _, target, status in outcomes)
        assert counted(stack, table, action, row) == (min(done, 1) if action == "report" else done)


def waiting_for_rows(stack):
    """How many of the service's sessions wait for the lock of a row at present."""
    return len(stack.backends("wait_event IN ('transactionid', 'tuple')"))


def writes_of_others(stack, table, action, success):
    """Some hundred writes to rows that nobody else writes to; how many sessions waited for rows, looked
    at again and again meanwhile."""
    others = rows(stack, table, 8)
    waits, loads = [], [Load(stack.port, [call(table, action, row)], 1) for row in others]
    with contextlib.ExitStack() as running_loads:
        for load in loads:
            running_loads.enter_context(load)
        wait_until(lambda: waits.append(waiting_for_rows(stack)) or
                   (sum(load.count(success) for load in loads) >= 400 and len(waits) >= 50))
    outcomes = [outcome for load in loads for outcome in load.outcomes]
    assert {status for _, _, status in outcomes} <= {success, 503}
    assert_exact(stack, table, action, others, outcomes)
    return waits


def hammered(stack, table, action, locked_count):
    """The waits while other rows than the locked ones are written to; checks what clients are told, and
    that all is well after the lock."""
    success = 201 if action == "answers" else 204
    locked = rows(stack, table, locked_count)
    with contextlib.ExitStack() as lock:
        lock.enter_context(
            stack.locked(f"SELECT FROM {table} WHERE id = ANY (%s) FOR UPDATE", locked))
        with Load(stack.port, [call(table, action, row) for row in locked], HAMMERING) as hammer:
            hammer.wait_for(3 * HAMMERING)  # so each worker has met each row
            wait_until(lambda: waiting_for_rows(stack) <= WORKERS)
            waits = writes_of_others(stack, table, action, success)
            assert not hammer.others(503, 504)
            assert hammer.count(503) > 0.9 * len(hammer.outcomes)
            lock.close()
            hammer.wait_for(5 * HAMMERING, success)
    if not hammer.count(504):
        assert_exact(stack, table, action, locked, hammer.outcomes)
    return waits


@pytest.mark.parametrize("table, action", KINDS)
def test_one_connection_of_a_worker_waits_for_a_locked_row_however_many_want_it(
        stack, table, action):
    waits = hammered(stack, table, action, 1)
    assert sum(count > WORKERS for count in waits) < 0.1 * len(waits), waits


def test_one_connection_of_a_worker_waits_for_many_locked_rows(stack):
    waits = hammered(stack, "answers", "helpful", 20)
    assert sum(count > WORKERS for count in waits) < 0.1 * len(waits), waits


def test_the_only_connection_for_writes_is_mostly_for_rows_that_are_not_locked(narrow_stack):
    waits = hammered(narrow_stack, "answers", "helpful", 1)
    assert sum(waits) < 0.5 * WORKERS * len(waits), waits


@pytest.mark.parametrize("table, action", KINDS)
def test_a_row_is_known_to_be_locked_until_its_lock_is_released(short_stack, table, action):
    """So many may wait for it; who comes then is refused at once, and other rows take no notice."""
    locked, other = rows(short_stack, table, 2)
    success = 201 if action == "answers" else 204
    worker = worker_sockets(short_stack)[0]

    def ask_for(row):
        method, target, body = call(table, action, row)
        return request(method, target, ANSWER if body else None)

    with Client(worker) as late:
        def replies_while_others_wait():
            """None if this machine took so long that they wait no more."""
            waiting = [Client(worker) for _ in range(LOCKED_LIMIT)]
            for client in waiting:
                client.send(ask_for(locked))
            wait_until_taken_in(worker)
            late.send(ask_for(locked))
            wait_until_taken_in(worker)
            at_once = late.has_reply()
            replies = late.receive(), late.ask(ask_for(other))
            all_wait = not any(client.has_reply() for client in waiting)
            assert {client.receive().status for client in waiting} == {503}
            for client in waiting:
                client.close()
            assert at_once or not all_wait
            return replies if all_wait else None

        with short_stack.locked(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", locked):
            assert late.ask(ask_for(locked)).status == 503  # the first who meets the lock
            seen = []
            wait_until(lambda: seen.append(replies_while_others_wait()) or seen[-1])
            refused, done = seen[-1]
            assert refused.status == 503
            assert int(refused.headers["retry-after"]) >= 1
            assert "nothing was written" in refused.json()["detail"]
            assert done.status == success
        assert late.ask(ask_for(locked)).status == success
    assert counted(short_stack, table, action, locked) == 1
