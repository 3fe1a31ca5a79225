"""Several database servers: which one serves, and what the service shows and loses when another takes over."""

import contextlib
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import servers
import test_cache
import test_process
from api import PATIENCE_S, ask, assert_problem, new_product
from stack import wait_until

WORKERS, WRITE_CONNECTIONS, READ_CONNECTIONS = 2, 4, 2


@pytest.fixture(scope="module")
def primary():
    """One that no test ends."""
    with servers.primary() as primary:
        yield primary


@pytest.fixture
def mortal_primary():
    with servers.primary() as primary:
        yield primary


@contextlib.contextmanager
def serving(stack, folder, url, **settings):
    """The program on these servers; a worker is asked without NGINX."""
    folder.mkdir(exist_ok=True)
    with test_process.running(stack, folder, DATABASE_URL=url, **settings) as service:
        yield service


@contextlib.contextmanager
def ready(stack, folder, url, **settings):
    with serving(stack, folder, url, **settings) as service:
        service.wait_until_ready()
        yield service


def get(service, target, worker=0):
    return ask(service.connection(worker), "GET", target)


def vote(service, question, worker=0):
    return ask(service.connection(worker), "PUT", f"/qa/questions/{question}/helpful").status_code


def votes(service, product, worker=0):
    [question] = get(service, f"/qa/questions?product_id={product}", worker).json()["results"]
    return question["question_helpfulness"]


def add_question(server, product=1):
    return server.sql("INSERT INTO questions (product_id, body, asker_name, asker_email)"
                      " VALUES (%s, 'Why?', 'asker', 'asker@mail.example') RETURNING id", product)[0][0]


def reasons(service):
    return [line.get("reason", "") for line in service.lines()]


def messages(service):
    return [line["message"] for line in service.lines()]


def run(stack, *arguments, **environment):
    return subprocess.run([stack.program, *arguments], env={**os.environ, **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S)


# Which of several hosts

def test_neither_a_host_that_never_replies_nor_a_standby_hides_the_primary(stack, primary, tmp_path):
    question = add_question(primary)
    with servers.silent_server() as silent, primary.standby() as standby:
        url = servers.moved(primary.url(), silent, standby.sockets, primary.sockets)
        with ready(stack, tmp_path / "service", url) as service:
            assert vote(service, question) == 204
            # Sessions that are lost come back without it, too.
            primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'atelier_qa_service'")
            wait_until(lambda: vote(service, question) == 204)
        owner = servers.moved(primary.url("owner"), silent, standby.sockets, primary.sockets)
        result = run(stack, "migrate", DATABASE_URL=url, QA_OWNER_DATABASE_URL=owner)
        assert result.returncode == 0, result.stderr
        result = run(stack, "serve", "--check", DATABASE_URL=url, QA_OWNER_DATABASE_URL=owner,
                     QA_STATE_DIR=str(tmp_path / "check"))
        assert result.returncode == 0, result.stdout + result.stderr


def test_a_standby_alone_is_503_told_once_and_serves_when_it_is_promoted(stack, primary, tmp_path):
    question = add_question(primary)
    with primary.standby() as standby, serving(stack, tmp_path / "service", standby.url()) as service:
        def is_told(word):
            return any(word in reason for reason in reasons(service))

        wait_until(lambda: is_told("standby"))
        wait_until(lambda: os.path.exists(tmp_path / "service/run/worker1.sock"))
        for method, target in [("GET", "/qa/questions?product_id=1"), ("PUT", f"/qa/questions/{question}/helpful")]:
            answer = ask(service.connection(), method, target)
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
        time.sleep(1)  # in which it tries again, and says nothing new
        assert not any("out of date" in reason for reason in reasons(service))
        assert len([reason for reason in reasons(service) if "standby" in reason]) == WORKERS
        wait_until(lambda: standby.has_replayed(primary))
        standby.promote()
        wait_until(lambda: vote(service, question) == 204)
        assert standby.sql("SELECT helpful FROM questions WHERE id = %s", question) == [(1,)]


# What another server lacks

def read_cached(service, product, expected):
    """From the cache of each worker."""
    for worker in range(WORKERS):
        for _ in range(3):
            assert votes(service, product, worker) == expected


def test_no_page_shows_a_vote_that_the_new_primary_never_had(stack, mortal_primary, tmp_path):
    primary = mortal_primary
    questions = [add_question(primary, product) for product in range(1, 5)]
    with primary.standby() as standby:
        url = servers.moved(primary.url(), primary.sockets, standby.sockets)
        with ready(stack, tmp_path / "service", url) as service:
            test_cache.wait_until_started(service.process.pid)
            wait_until(lambda: standby.has_replayed(primary))
            senders = [pid for pid, in primary.sql("SELECT pid FROM pg_stat_replication")]
            for pid in senders:
                os.kill(pid, signal.SIGSTOP)
            assert [vote(service, question) for question in questions for _ in range(3)] == [204] * 12
            for product in range(1, 5):
                read_cached(service, product, 3)
            primary.kill()
            standby.promote()
            wait_until(lambda: vote(service, questions[0]) == 204)
            service.wait_until_ready()
            read_cached(service, 1, 1)
            for product in range(2, 5):
                read_cached(service, product, 0)
            assert any("another database server" in message for message in messages(service))


def test_sessions_that_come_back_to_the_same_server_invalidate_nothing(stack, primary, tmp_path):
    product = new_product()
    question = add_question(primary, product)
    with ready(stack, tmp_path / "service", primary.url()) as service:
        read_cached(service, product, 0)
        primary.sql("UPDATE questions SET helpful = 7 WHERE id = %s", question)  # by hand: nobody is told
        primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'atelier_qa_service'")
        service.wait_until_ready()
        assert not any("made anew" in message for message in messages(service))
        primary.restart()
        service.wait_until_ready()
        wait_until(lambda: get(service, f"/qa/questions?product_id={product}").status_code == 200)
        read_cached(service, product, 7)
        # Once, whoever saw it first.
        assert len([message for message in messages(service) if "database was restarted" in message]) == 1


def test_an_old_primary_that_goes_on_is_left_for_the_one_that_was_promoted(stack, primary, tmp_path):
    product = new_product()
    question = add_question(primary, product)

    def counted(server):
        return server.sql("SELECT helpful FROM questions WHERE id = %s", question)[0][0]

    with primary.standby() as standby:
        url = servers.moved(primary.url(), primary.sockets, standby.sockets)
        with ready(stack, tmp_path / "service", url) as service:
            assert vote(service, question) == 204
            wait_until(lambda: standby.has_replayed(primary))
            standby.promote()  # and nobody tells the old one, whose sessions go on
            wait_until(lambda: standby.sessions() > 0)
            wait_until(lambda: {vote(service, question), vote(service, question, 1)} == {204}
                       and primary.sessions() == 0)
            before = counted(primary)
            for worker in range(WORKERS):
                for _ in range(5):
                    assert vote(service, question, worker) == 204
            assert counted(primary) == before
            service.wait_until_ready()
            assert votes(service, product) == counted(standby)


# Commits that wait for a standby

def test_commits_that_wait_for_a_standby_that_is_gone_take_no_more_sessions_than_there_were(stack, primary, tmp_path):
    # Each is voted for once, since a commit that waits keeps its row locked.
    questions = primary.sql("INSERT INTO questions (product_id, body, asker_name, asker_email)"
                            " SELECT 1, 'Why?', 'asker', 'asker@mail.example' FROM generate_series(1, 5000)"
                            " RETURNING id")
    left = iter([question for question, in questions])
    limits = {"QA_LOCK_TIMEOUT_MS": "300", "QA_STATEMENT_TIMEOUT_MS": "600", "QA_REQUEST_TIMEOUT_MS": "1100"}
    with ready(stack, tmp_path / "service", primary.url(), **limits) as service:
        set_synchronous_standbys(primary, "nobody")
        outcomes, most = [vote(service, next(left))], 0
        while outcomes[-1] != 504:  # some may be quicker than the setting
            outcomes.append(vote(service, next(left)))
        with ThreadPoolExecutor(12) as voters:
            end = time.monotonic() + 6
            calls = [voters.submit(keep_voting, service, left, end, outcomes, number % 2) for number in range(12)]
            while not all(call.done() for call in calls):
                most = max(most, primary.sessions())
                wait_until(lambda: get(service, f"/qa/questions?product_id={new_product()}").status_code == 200)
                time.sleep(0.2)
        assert set(outcomes) <= {204, 503, 504}
        # Twice the connections, which is what the service asks of max_connections.
        assert most <= 2 * WORKERS * (READ_CONNECTIONS + WRITE_CONNECTIONS)
        waiting = primary.sessions("wait_event = 'SyncRep'")
        assert 0 < waiting <= 2 * WORKERS * WRITE_CONNECTIONS
        set_synchronous_standbys(primary, "")
        while outcomes[-1] != 204:
            time.sleep(0.1)
            outcomes.append(vote(service, next(left)))
        wait_until(lambda: primary.sessions() == WORKERS * (READ_CONNECTIONS + WRITE_CONNECTIONS))
        [(applied, most_votes)] = primary.sql("SELECT sum(helpful), max(helpful) FROM questions WHERE id = ANY (%s)",
                                              [question for question, in questions])
        assert most_votes == 1
        assert outcomes.count(204) <= applied <= outcomes.count(204) + outcomes.count(504)


def set_synchronous_standbys(server, names):
    server.sql("ALTER SYSTEM SET synchronous_standby_names = %s", names)
    server.sql("SELECT pg_reload_conf()")


def keep_voting(service, questions, end, outcomes, worker):
    while time.monotonic() < end:
        outcomes.append(vote(service, next(questions), worker))
        time.sleep(0.05)
