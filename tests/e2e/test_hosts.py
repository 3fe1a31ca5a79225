"""Several hosts on one database, each with a cache of its own: whoever writes, at a host or by hand, no host shows
what was before. `hosts.py` has the hosts, `coherence.py` the checker."""

import contextlib
import os
import signal
import statistics
import time

import psycopg2
import pytest

import breaks
import hosts
import seed
import test_import
from api import PATIENCE_S, ask, new_product
from coherence import Checker
from conftest import PATIENT, running
from moderation import ERNA, Items, moderate, person
from stack import paused, wait_until
from test_moderation_desk import Desk
from wire import Client, request

LEASE_MS = 100
SETTINGS = {**hosts.SETTINGS, "QA_LEASE_MS": str(LEASE_MS)}
LONG_LEASE = {**hosts.SETTINGS, "QA_LEASE_MS": "900"}  # so that a busy machine does not end one


@pytest.fixture(scope="module")
def stack():
    """The first host."""
    with running(QA_SAMPLE_PRODUCTS="0", **PATIENT, **SETTINGS) as stack:
        yield stack


@pytest.fixture(scope="module")
def first(stack):
    return hosts.first_of(stack)


@pytest.fixture(scope="module")
def second(stack, tmp_path_factory):
    with hosts.beside(stack, tmp_path_factory.mktemp("second") / "host", **PATIENT, **SETTINGS) as host:
        yield host


@pytest.fixture(scope="module")
def patient_stack():
    """A first host whose lease lasts long."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_MODERATION_TOKENS=f"Erna:{ERNA}", **PATIENT, **LONG_LEASE) as stack:
        yield stack


@pytest.fixture
def question(stack):
    return new_question(stack)


def new_question(stack):
    """(question, its page)"""
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    return question, request("GET", f"/qa/questions?product_id={product}")


def votes(address, page):
    with Client(address) as client:
        reply = client.ask(page)
        assert reply.status == 200
        [question] = reply.json()["results"]
        return question["question_helpfulness"]


def vote(address, question):
    with Client(address) as client:
        assert client.ask(request("PUT", f"/qa/questions/{question}/helpful")).status == 204


def set_votes(stack, question, number):
    """By hand."""
    stack.sql("UPDATE questions SET helpful = %s WHERE id = %s", number, question)


def assert_nothing_found(findings):
    assert (findings.stale, findings.wrong) == (0, 0), findings.told


# What the checker finds

def test_no_read_at_any_of_three_hosts_is_older_than_an_acknowledged_write(stack, first, second, tmp_path):
    with hosts.beside(stack, tmp_path / "third", **PATIENT, **SETTINGS) as third:
        all_hosts = [first, second, third]
        before = [host.hits() for host in all_hosts]
        with Checker(stack, sockets=[*second.sockets, *third.sockets], reads_per_write=20) as checker:
            checker.go_on(reads=20_000, acknowledged=600)
        assert_nothing_found(checker.findings)
        assert checker.compare_with(stack) == []
        assert all(host.hits() > hits for host, hits in zip(all_hosts, before))


def test_not_while_validators_and_sessions_die_and_hosts_reload_and_import(stack, first, second, tmp_path):
    target = test_import.Target(stack, stack.owner_url, tmp_path, stack.folder)
    imported = iter(range(900_000_001, 900_000_100))

    def freeze_a_validator(_):
        with paused(second.validators()):
            time.sleep(4 * LEASE_MS / 1000)

    def terminate_the_sessions_of_validators(_):
        hosts.end_the_sessions_of_validators(stack)

    def run_an_import(_):
        target.write(questions=[test_import.post(next(imported), 900_000)])
        target.run(test_import.DONE)

    def kill_a_validator(_):
        second.kill_the_validator()

    def reload_the_second(_):
        second.reload()

    sequence = [kill_a_validator, terminate_the_sessions_of_validators, freeze_a_validator, run_an_import,
                reload_the_second, breaks.reload, lambda _: first.kill_the_validator(), breaks.kill_a_worker,
                breaks.terminate_all_sessions, breaks.crash_the_database]
    with Checker(stack, faults=True, sockets=second.sockets) as checker:
        for break_something in sequence:
            checker.go_on(acknowledged=15)
            break_something(stack)
        checker.go_on(acknowledged=15)
    assert_nothing_found(checker.findings)
    stack.wait_until_ready()
    second.service.wait_until_ready()
    wait_until(lambda: not stack.busy_backends())
    time.sleep(1)  # so long the pages are kept that were made while a commit was in doubt
    assert checker.compare_with(stack) == []


@pytest.mark.same_with_sanitizers("the checker itself is tested, on a program with a fault")
def test_the_checker_notices_hosts_that_need_no_lease(tmp_path):
    # With a lease so short that rounds are later than that.
    short = {**SETTINGS, "QA_LEASE_MS": "1"}
    with running(FAULT="NO_LEASE", QA_SAMPLE_PRODUCTS="10", **PATIENT, **short) as stack, \
            hosts.beside(stack, tmp_path / "second", **PATIENT, **short) as second:
        with Checker(stack, sockets=second.sockets) as checker:
            checker.go_on(acknowledged=20_000)
    assert checker.findings.stale > 0
    assert checker.findings.wrong == 0, checker.findings.told


# One by one

@contextlib.contextmanager
def overtaken(stack, question):
    """Within it a transaction has changed a question, and a later one was committed; then the first one is, too."""
    with contextlib.closing(psycopg2.connect(stack.superuser_url())) as connection:
        connection.cursor().execute("UPDATE questions SET helpful = 7 WHERE id = %s", [question])
        another, _ = new_question(stack)
        set_votes(stack, another, 1)
        yield
        connection.commit()


def test_a_commit_shows_at_every_host_however_long_its_transaction_took(stack, first, second, question):
    number, page = question
    sockets = [*first.sockets, *second.sockets]
    with overtaken(stack, number):
        hosts.wait_for_rounds(first, second)
        assert {votes(socket, page) for socket in sockets} == {0}
    wait_until(lambda: {votes(socket, page) for socket in sockets} == {7})


@pytest.mark.same_with_sanitizers("the test above is tested, on a program with a fault")
def test_that_test_notices_who_overlooks_transactions_in_progress():
    with running(FAULT="WITHOUT_XIP", QA_SAMPLE_PRODUCTS="10", **PATIENT, **LONG_LEASE) as stack:
        first = hosts.first_of(stack)
        number, page = new_question(stack)
        with overtaken(stack, number):
            hosts.wait_for_rounds(first)
            assert {votes(socket, page) for socket in first.sockets} == {0}
        hosts.wait_for_rounds(first)
        assert {votes(socket, page) for socket in first.sockets} == {0}


def test_changes_by_hand_are_seen_at_every_host_after_one_round(stack, first, second, question):
    number, page = question
    sockets = [*first.sockets, *second.sockets]
    for expected in range(1, 11):
        assert {votes(socket, page) for socket in sockets} == {expected - 1}  # so that it is cached
        set_votes(stack, number, expected)
        hosts.wait_for_rounds(first, second)
        assert {votes(socket, page) for socket in sockets} == {expected}

    reader = Client(second.sockets[0])
    took_ms = []
    for expected in range(11, 111):
        assert reader.ask(page).status == 200  # so that it is cached
        set_votes(stack, number, expected)
        committed = time.monotonic()
        while reader.ask(page).json()["results"][0]["question_helpfulness"] != expected:
            assert time.monotonic() - committed < PATIENCE_S
        took_ms.append((time.monotonic() - committed) * 1000)
    reader.close()
    print(f"\na change by hand is seen after {statistics.median(took_ms):.1f} ms (median),"
          f" {sorted(took_ms)[-2]:.1f} ms (p99)")


CHANGES = {
    "an answer changes": "UPDATE answers SET helpful = helpful + 1 WHERE question_id = %(question)s",
    "an answer comes": "INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
                       " VALUES (%(question)s, 'New', 'ann', 'ann@mail.example')",
    "an answer goes": "DELETE FROM answers WHERE question_id = %(question)s",
    "its photo comes": "INSERT INTO answers_photos (answer_id, url)"
                       " SELECT id, 'https://img.example/1.jpg' FROM answers WHERE question_id = %(question)s",
    "the question goes": "WITH gone AS (DELETE FROM answers WHERE question_id = %(question)s)"
                         " DELETE FROM questions WHERE id = %(question)s",
    "the question moves": "UPDATE questions SET product_id = %(other)s WHERE id = %(question)s",
    "the answer moves": "UPDATE answers SET question_id = %(other_question)s WHERE question_id = %(question)s",
    "thousands change": "UPDATE answers SET helpful = helpful + 1",
    "a transaction with an old snapshot": "UPDATE answers SET helpful = helpful + 2"
                                          " WHERE question_id = %(question)s",
    "without a trigger": "ALTER TABLE answers DISABLE TRIGGER USER; UPDATE answers SET helpful = helpful + 1"
                         " WHERE question_id = %(question)s; ALTER TABLE answers ENABLE TRIGGER USER;"
                         " TRUNCATE product_pages; INSERT INTO changes DEFAULT VALUES",
}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_by_hand_shows_on_the_pages_that_it_touches(patient_stack, what):
    stack = patient_stack
    host = hosts.first_of(stack)
    product, other = new_product(), new_product()
    [number] = seed.questions(stack, product, [0])
    [other_question] = seed.questions(stack, other, [0])
    seed.answers(stack, number, [0])
    seed.answers(stack, other_question, [0] * (1100 if what == "thousands change" else 1))
    pages = [request("GET", target) for target in (
        f"/qa/questions?product_id={product}", f"/qa/questions/{number}/answers?count=1000", f"/qa/questions/{number}",
        f"/qa/questions?product_id={other}", f"/qa/questions/{other_question}/answers?count=1000")]

    def bodies():
        with Client(host.sockets[0]) as client:
            return [client.ask(page).body for page in pages]

    with contextlib.closing(psycopg2.connect(stack.superuser_url())) as connection:
        if what == "a transaction with an old snapshot":
            connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        before = bodies()
        cursor.execute(CHANGES[what], {"question": number, "other": other, "other_question": other_question})
        connection.commit()
    hosts.wait_for_rounds(host)
    shown = bodies()
    assert shown != before
    stack.sql("INSERT INTO changes DEFAULT VALUES")  # so that all come from the database
    hosts.wait_for_rounds(host)
    assert bodies() == shown


DECISIONS = {
    "by command": lambda stack, items: moderate(stack, "hide", items.questions, QA_LEASE_MS=LONG_LEASE["QA_LEASE_MS"]),
    "at the desk": lambda stack, items: Desk(stack).decide(items.questions, "hide"),
    "about a person": lambda stack, items: person(stack, "erase", "--email", "forgotten@mail.example", "--texts", "remove",
                                                  "--yes", QA_LEASE_MS=LONG_LEASE["QA_LEASE_MS"]),
}


@pytest.mark.parametrize("how", DECISIONS)
def test_a_decision_that_has_been_confirmed_shows_at_every_host(patient_stack, tmp_path, how):
    """Also where no round has told of it: whoever confirms it waits for the end of the lease."""
    stack = patient_stack
    items = Items(stack, asker_email="forgotten@mail.example")
    page = request("GET", f"/qa/questions?product_id={items.product}")
    with hosts.beside(stack, tmp_path / "second", **PATIENT, **LONG_LEASE) as second:
        def shown():
            with Client(second.sockets[0]) as client:
                return [question["question_id"] for question in client.ask(page).json()["results"]]

        assert shown() == [items.question]
        hosts.wait_for_rounds(second)
        with paused(second.validators()):
            DECISIONS[how](stack, items)
            assert shown() == []


def test_without_rounds_nothing_that_is_cached_is_shown(stack, first, second, question):
    """Also not by NGINX: the validator stands still, and a change by hand shows at once all the same."""
    number, page = question
    addresses = [stack.port, *first.sockets]
    assert {votes(address, page) for address in addresses} == {0}
    with paused(first.validators()):
        time.sleep(2 * LEASE_MS / 1000)
        before = first.metrics()
        for expected in range(1, 11):
            set_votes(stack, number, expected)
            assert {votes(address, page) for address in addresses} == {expected}
        after = first.metrics()
        wait_until(lambda: first.metrics().value("atelier_qa_round_age_seconds") > 2 * LEASE_MS / 1000)
    assert after.total("atelier_qa_cache_hits_total") == before.total("atelier_qa_cache_hits_total")
    assert after.total("atelier_qa_unleased_requests_total") \
        == before.total("atelier_qa_unleased_requests_total") + 10 * len(addresses)
    hosts.wait_for_rounds(first)


def test_hits_come_from_nginx_and_workers_under_a_lease(patient_stack):
    stack = patient_stack
    host = hosts.first_of(stack)
    _, page = new_question(stack)
    votes(stack.port, page)
    hosts.wait_for_rounds(host)

    def count():
        metrics = host.metrics()
        return (metrics.total("atelier_qa_nginx_hits_total"), metrics.total("atelier_qa_cache_hits_total"))

    before = count()

    def both_hit():
        votes(stack.port, page)
        votes(host.sockets[0], page)
        return all(now > then for now, then in zip(count(), before))

    wait_until(both_hit)


def test_pages_that_are_cached_end_with_the_lease_when_the_database_is_away(patient_stack):
    stack = patient_stack
    host = hosts.first_of(stack)
    _, page = new_question(stack)
    addresses = [stack.port, *host.sockets]
    assert {votes(address, page) for address in addresses} == {0}
    stack.stop_database()
    try:
        time.sleep(1)  # the lease

        def statuses():
            return {Client(address).ask(page).status for address in addresses}

        assert statuses() == {503}
    finally:
        stack.start_database()
    wait_until(lambda: statuses() == {200})
    hosts.wait_for_rounds(host)


def test_a_validator_that_dies_or_hangs_is_replaced(stack, second, question):
    number, page = question

    def count(message):
        return [line["message"] for line in second.service.lines()].count(message)

    died, killed = count("the validator died"), count("killing the validator")
    for end in (signal.SIGKILL, signal.SIGSTOP):
        [validator] = second.validators()
        os.kill(validator, end)
        wait_until(lambda validator=validator: second.validators() and validator not in second.validators())
        hosts.wait_for_rounds(second)
    assert count("the validator died") == died + 2
    assert count("killing the validator") == killed + 1
    set_votes(stack, number, 3)
    wait_until(lambda: votes(second.sockets[0], page) == 3)


def test_every_page_is_made_anew_when_all_changed_or_nobody_knows_what(stack, first, second):
    def invalidations(host, reason):
        return host.metrics().value("atelier_qa_cache_invalidations_total", reason=reason)

    def rises(reason, do):
        before = [invalidations(host, reason) for host in (first, second)]
        do()
        wait_until(lambda: all(invalidations(host, reason) > then
                               for host, then in zip((first, second), before)))

    [question] = seed.questions(stack, new_product(), [0])
    seed.answers(stack, question, [0] * 1100)
    for statement in ("INSERT INTO schema_migrations VALUES ('9999_nothing')",
                      "DELETE FROM schema_migrations WHERE name = '9999_nothing';"
                      " INSERT INTO changes DEFAULT VALUES",
                      "UPDATE answers SET helpful = helpful"):
        rises("everything_changed", lambda statement=statement: stack.sql(statement))
    rises("validator_began", lambda: hosts.end_the_sessions_of_validators(stack))
    rises("validator_began", lambda: stack.sql("UPDATE changes_wanted SET since = '5'"))


def test_a_transaction_that_began_before_changes_were_wanted_is_waited_for(tmp_path):
    """It does not know that it has to write down what it changes."""
    with running(QA_SAMPLE_PRODUCTS="10", **PATIENT, **hosts.SETTINGS) as stack:
        number, page = new_question(stack)

        def written():
            return stack.sql("SELECT count(*) FROM changes WHERE question_id = %s", number)[0][0]

        set_votes(stack, number, 1)
        assert written() == 0
        with contextlib.closing(psycopg2.connect(stack.superuser_url())) as connection:
            connection.cursor().execute("UPDATE questions SET helpful = 2 WHERE id = %s", [number])
            with hosts.beside(stack, tmp_path / "second", **PATIENT, **LONG_LEASE) as second:
                socket = second.sockets[0]
                wait_until(lambda: second.rounds() >= 3)
                assert votes(socket, page) == votes(socket, page) == 1
                assert second.hits() == 0
                connection.commit()
                assert votes(socket, page) == 2
                wait_until(lambda: votes(socket, page) == 2 and second.hits() > 0)
                set_votes(stack, number, 3)
                wait_until(lambda: votes(socket, page) == 3)
                assert written() == 1
        # Nobody wants them any more, which is noticed after some minutes.
        stack.sql("UPDATE changes_wanted SET until = now() - interval '1 second'")
        wait_until(lambda: stack.sql("SELECT (SELECT count(*) FROM changes_wanted),"
                                     " (SELECT count(*) FROM changes)") == [(0, 0)])
        set_votes(stack, number, 4)
        assert written() == 0


def test_changes_that_a_snapshot_has_seen_are_deleted_and_no_others(stack):
    with stack.database(stack.superuser_url()) as cursor:
        cursor.execute("TRUNCATE changes;"
                       " INSERT INTO changes (xid, product_id) SELECT '3', 1 FROM generate_series(1, 501);"
                       " INSERT INTO changes (xid, product_id) VALUES ('7', 2), ('9', 3), ('10', 4)")
        for deleted in (500, 2, 0):
            cursor.execute("SELECT forget_changes('7:10:7')")
            assert cursor.fetchone() == (deleted,)
        cursor.execute("SELECT product_id FROM changes ORDER BY 1")
        assert cursor.fetchall() == [(2,), (4,)]


def test_status_and_log_tell_of_the_validator(stack, second):
    status = ask(stack.admin(), "GET", "/status.json").json()
    assert [one["state"] for one in status["processes"] if one["role"] == "validator"] == ["ready"]
    assert status["figures"]["cache"]["round_age_ms"] > 0
    assert b"the validator's last round began" in ask(stack.admin(), "GET", "/status.txt").content
    assert "validator started" in [line["message"] for line in second.service.lines()]
