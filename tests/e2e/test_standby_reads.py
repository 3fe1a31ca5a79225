"""QA_READ_DATABASE_URL: pages come from a standby where it has all that they must show, else from the primary; and
whatever a standby does, no host shows what was before an acknowledged write, and nobody gets an error."""

import contextlib

import pytest

import hosts
import seed
import servers
from api import new_product
from coherence import Checker
from conftest import PATIENT, running
from stack import wait_until
from test_failover import run
from wire import Client, request

SETTINGS = {**hosts.SETTINGS, "QA_LEASE_MS": "100", **PATIENT}
SERVED, BEHIND, FAILED = "served", "behind", "failed"


@pytest.fixture(scope="module")
def stack():
    """The first host, which asks the primary only."""
    with running(QA_SAMPLE_PRODUCTS="0", **SETTINGS) as stack:
        # A standby that loses its connection meanwhile finds what it lacks.
        stack.sql("ALTER SYSTEM SET wal_keep_size = '1GB'")
        stack.sql("SELECT pg_reload_conf()")
        yield stack


@contextlib.contextmanager
def standby_of(stack, name="standby"):
    with servers.standby_of(stack.folder, stack.superuser_url("postgres"), name) as standby:
        yield standby


@pytest.fixture(scope="module")
def standby(stack):
    """One that no test ends."""
    with standby_of(stack) as standby:
        yield standby


@contextlib.contextmanager
def reading_from(stack, folder, url, **settings):
    """A host with that QA_READ_DATABASE_URL."""
    with hosts.beside(stack, folder, **{**SETTINGS, "QA_READ_DATABASE_URL": url, **settings}) as host:
        yield host


@pytest.fixture(scope="module")
def second(stack, standby, tmp_path_factory):
    with reading_from(stack, tmp_path_factory.mktemp("second") / "host", standby.url()) as host:
        wait_until_served(stack, host)
        yield host


def reads(host, outcome):
    return host.metrics().value("atelier_qa_standby_reads_total", outcome=outcome)


def questions(product):
    return request("GET", f"/qa/questions?product_id={product}")


def ask(host, page, worker=0):
    with Client(host.sockets[worker]) as client:
        reply = client.ask(page)
        assert reply.status == 200
        return reply


def votes(host, product, worker=0):
    [question] = ask(host, questions(product), worker).json()["results"]
    return question["question_helpfulness"]


def vote(host, question):
    with Client(host.sockets[0]) as client:
        assert client.ask(request("PUT", f"/qa/questions/{question}/helpful")).status == 204


def new_question(stack):
    """(product, question)"""
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    return product, question


def wait_until_served(stack, *all_hosts):
    """Each of their workers by a standby."""
    for host in all_hosts:
        for worker in range(2):
            def is_served(host=host, worker=worker):
                before = reads(host, SERVED)
                ask(host, questions(new_product()), worker)
                return reads(host, SERVED) > before
            wait_until(is_served)


def wait_until_replayed(stack, standby, *all_hosts):
    """All that these hosts know of, also what nobody has flushed yet."""
    hosts.wait_for_rounds(*all_hosts)
    stack.sql("SELECT pg_logical_emit_message(true, 'test', '')")
    wait_until(lambda: standby.has_replayed(stack))


@contextlib.contextmanager
def replay_paused(standby):
    standby.sql("SELECT pg_wal_replay_pause()")
    wait_until(lambda: standby.sql("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    try:
        yield
    finally:
        standby.sql("SELECT pg_wal_replay_resume()")


def statements(host, name):
    return host.metrics().total("db_client_operation_duration_seconds_count", db_query_summary=name)


# What comes from a standby

def all_pages(stack):
    product, other = new_product(), new_product()
    ids = seed.questions(stack, product, [3, 2, 1, 0, 0, 0, 5], body="Does the zipper hold?")
    seed.questions(stack, other, [0])
    for question in ids:
        seed.answers(stack, question, [1, 2, 0], body="The zipper holds.")
    list_of_questions, list_of_answers = f"/qa/questions?product_id={product}", f"/qa/questions/{ids[0]}/answers"
    return [request("GET", target) for target in (
        list_of_questions, f"{list_of_questions}&page=2&count=3", f"{list_of_questions}&sort=newest",
        f"{list_of_questions}&answered=true", f"{list_of_questions}&q=zipper", list_of_answers,
        f"{list_of_answers}?sort=oldest&count=2", f"{list_of_answers}?q=zipper", f"/qa/questions/{ids[1]}",
        f"/qa/counts?product_ids={product},{other}")] + [
        request("GET", f"/q/{ids[2]}"),
        request("GET", list_of_questions + "&count=4", Prefer="count=exact")]


def test_every_page_comes_from_a_standby_and_is_the_primarys(stack, standby, second):
    pages = all_pages(stack)
    wait_until_replayed(stack, standby, second)
    first = hosts.first_of(stack)
    before = {outcome: reads(second, outcome) for outcome in (SERVED, BEHIND, FAILED)}
    lists_of_primary = statements(second, "list_questions")
    for page in pages:
        shown, expected = ask(second, page), ask(first, page)
        assert shown.body == expected.body
        assert shown.headers.get("link") == expected.headers.get("link")
    assert reads(second, SERVED) >= before[SERVED] + len(pages)
    assert reads(second, FAILED) == before[FAILED]
    assert statements(second, "list_questions") == lists_of_primary
    hits = second.hits()
    for page in pages:
        ask(second, page)
    assert second.hits() >= hits + len(pages)


def test_many_reads_at_a_time_are_sent_together(stack, standby, second):
    made = [new_question(stack)[0] for _ in range(64)]
    wait_until_replayed(stack, standby, second)
    clients = [Client(second.sockets[0]) for _ in made]
    before = reads(second, SERVED)
    for client, product in zip(clients, made):
        client.send(questions(product))
    for client, product in zip(clients, made):
        reply = client.receive()
        assert reply.status == 200 and reply.json()["product_id"] == str(product)
        client.close()
    assert reads(second, SERVED) == before + len(made)
    assert statements(second, "standby_questions_many") > 0


# Nothing old

def check_that_a_vote_is_seen_at_once(stack, standby, host):
    """While the standby replays nothing."""
    first = hosts.first_of(stack)
    product, question = new_question(stack)
    other, _ = new_question(stack)
    wait_until_replayed(stack, standby, host)
    assert votes(host, product) == 0
    with replay_paused(standby):
        for expected, writer in enumerate((first, host, first), 1):
            before = reads(host, BEHIND)
            vote(writer, question)
            assert [votes(host, product, worker) for worker in (0, 1)] == [expected] * 2
            assert reads(host, BEHIND) > before
        # What has not changed goes on to come from there.
        before = reads(host, SERVED)
        assert votes(host, other) == 0
        assert reads(host, SERVED) > before
    wait_until_served(stack, host)
    vote(first, question)
    assert votes(host, product) == 4


def test_a_vote_is_seen_at_once_while_the_standby_replays_nothing(stack, standby, second):
    check_that_a_vote_is_seen_at_once(stack, standby, second)


@pytest.mark.same_with_sanitizers("the test above is tested, on a program with a fault")
def test_that_test_notices_who_does_not_look_how_far_the_standby_is(tmp_path):
    with running(QA_SAMPLE_PRODUCTS="0", FAULT="STANDBY_UNCHECKED", **SETTINGS) as stack, \
            standby_of(stack) as standby, reading_from(stack, tmp_path / "second", standby.url()) as second:
        wait_until_served(stack, second)
        with pytest.raises(AssertionError, match="assert .*0"):
            check_that_a_vote_is_seen_at_once(stack, standby, second)


def test_every_page_counts_anew_when_all_may_have_changed(stack, standby, second):
    products = [new_question(stack)[0] for _ in range(3)]
    wait_until_replayed(stack, standby, second)
    with replay_paused(standby):
        stack.sql("UPDATE questions SET helpful = 7 WHERE product_id = ANY (%s);"
                  " INSERT INTO changes DEFAULT VALUES", products)
        hosts.wait_for_rounds(second)
        assert [votes(second, product) for product in products] == [7, 7, 7]


def assert_nothing_found(findings):
    assert (findings.stale, findings.wrong) == (0, 0), findings.told


def test_no_read_is_older_than_an_acknowledged_write_with_standbys_at_two_hosts(stack, standby, second, tmp_path):
    with reading_from(stack, tmp_path / "third", standby.url()) as third:
        wait_until_served(stack, third)
        before = [reads(host, SERVED) for host in (second, third)]
        with Checker(stack, sockets=[*second.sockets, *third.sockets], reads_per_write=20) as checker:
            checker.go_on(reads=10_000, acknowledged=300)
            with replay_paused(standby):
                checker.go_on(reads=1_000, acknowledged=50)
            checker.go_on(reads=3_000, acknowledged=100)
        assert_nothing_found(checker.findings)
        assert checker.compare_with(stack) == []
        assert all(reads(host, SERVED) > then for host, then in zip((second, third), before))


# A standby that goes wrong

@contextlib.contextmanager
def killed(standby):
    standby.kill()
    yield


@contextlib.contextmanager
def promoted(standby):
    """And written to: what it has then is nobody's."""
    standby.promote()
    standby.sql("UPDATE questions SET helpful = helpful + 1000")
    yield


@contextlib.contextmanager
def without_sessions(standby):
    standby.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'atelier_qa_service'")
    yield


@pytest.mark.parametrize("broken", [killed, servers.Server.frozen, promoted, without_sessions])
def test_a_standby_that_breaks_costs_nobody_an_error(stack, tmp_path, broken):
    """The checker is not told of `faults`: it takes every response but 200 for wrong."""
    with standby_of(stack, broken.__name__) as standby, \
            reading_from(stack, tmp_path / "second", standby.url()) as second:
        wait_until_served(stack, second)
        with Checker(stack, sockets=second.sockets, reads_per_write=20) as checker:
            checker.go_on(reads=1_000, acknowledged=20)
            with broken(standby):
                checker.go_on(reads=2_000, acknowledged=40)
        assert_nothing_found(checker.findings)
        if broken in (servers.Server.frozen, without_sessions):
            wait_until_served(stack, second)


def test_a_read_that_a_frozen_standby_has_is_the_primarys_within_its_deadline(stack, tmp_path):
    limits = {"QA_LOCK_TIMEOUT_MS": "500", "QA_STATEMENT_TIMEOUT_MS": "1000", "QA_REQUEST_TIMEOUT_MS": "3000"}
    with standby_of(stack, "frozen") as standby, \
            reading_from(stack, tmp_path / "second", standby.url(), **limits) as second:
        wait_until_served(stack, second)
        failed = reads(second, FAILED)

        def has_asked_in_vain():
            """A host without a lease, on a busy machine, asks the primary at once."""
            product, _ = new_question(stack)
            assert votes(second, product) == 0  # after the deadline the status would be 504
            return reads(second, FAILED) > failed

        with standby.frozen():
            wait_until(has_asked_in_vain)
        wait_until_served(stack, second)


def test_the_standby_that_is_not_behind_is_asked(stack, standby, tmp_path):
    with standby_of(stack, "other") as other:
        url = servers.moved(standby.url(), standby.sockets, other.sockets)
        with reading_from(stack, tmp_path / "second", url) as second:
            wait_until(lambda: standby.sessions() + other.sessions() > 0)
            asked, left = (standby, other) if standby.sessions() > 0 else (other, standby)
            product, question = new_question(stack)
            with replay_paused(asked):
                def is_served_by_the_other():
                    before = reads(second, SERVED)
                    stack.sql("UPDATE questions SET helpful = helpful + 1 WHERE id = %s", question)
                    wait_until_replayed(stack, left, second)
                    votes(second, product)
                    return reads(second, SERVED) > before

                wait_until(is_served_by_the_other)
            assert left.sessions() > 0


@pytest.mark.parametrize("whose", ["the primary's", "another primary's", "another cluster's"])
def test_a_server_that_does_not_follow_the_primary_is_not_asked(stack, tmp_path, whose):
    with contextlib.ExitStack() as more:
        if whose == "the primary's":
            url, reason = stack.serving_url, "hot standby"
        else:
            server = more.enter_context(servers.primary())
            if whose == "another primary's":
                url, reason = server.url(), "hot standby"
            else:
                url, reason = more.enter_context(server.standby()).url(), "does not follow"
        with reading_from(stack, tmp_path / "second", url) as second:
            wait_until(lambda: any(reason in line.get("reason", "") for line in second.service.lines()))
            product, question = new_question(stack)
            vote(second, question)
            assert votes(second, product) == 1
            assert reads(second, SERVED) == 0


def test_a_standby_of_a_primary_that_was_started_anew_is_asked_again(tmp_path):
    """It shows that it follows the new run."""
    with running(QA_SAMPLE_PRODUCTS="0", **SETTINGS) as stack, standby_of(stack) as standby, \
            reading_from(stack, tmp_path / "second", standby.url()) as second:
        wait_until_served(stack, second)
        stack.stop_database()
        stack.start_database()
        second.service.wait_until_ready()
        wait_until_served(stack, second)


# Settings

def test_a_pause_closes_sessions_with_standbys_too(stack, standby, second):
    def sessions():
        return standby.sessions("application_name = 'atelier-qa'")

    wait_until(lambda: sessions() > 0)
    environment = {"QA_STATE_DIR": str(second.folder), "DATABASE_URL": stack.serving_url}
    assert run(stack, "pause", **environment).returncode == 0
    wait_until(lambda: sessions() == 0)
    assert run(stack, "resume", **environment).returncode == 0
    wait_until_served(stack, second)


@pytest.mark.parametrize("settings,told", [
    ({"QA_LEASE_MS": ""}, "QA_LEASE_MS"), ({"QA_LEASE_MS": "0"}, "QA_LEASE_MS"),
    ({"QA_LEASE_MS": "20", "QA_CACHE_MB": "0"}, "QA_CACHE_MB"),
    ({"QA_LEASE_MS": "20", "QA_READ_DATABASE_URL": "host=a password=s3cret bogus"}, "not a libpq")])
def test_standbys_need_a_lease(stack, tmp_path, settings, told):
    result = run(stack, "serve", **{"DATABASE_URL": stack.serving_url, "QA_STATE_DIR": str(tmp_path),
                                    "QA_READ_DATABASE_URL": "host=/nowhere", **settings})
    assert result.returncode != 0
    assert "QA_READ_DATABASE_URL" in result.stderr and told in result.stderr
    assert "s3cret" not in result.stderr


def test_nobody_reads_the_connection_string_in_the_environment(stack, second):
    for pid in second.service.workers:
        with open(f"/proc/{pid}/environ") as environment:
            assert "QA_READ_DATABASE_URL=" not in environment.read()
