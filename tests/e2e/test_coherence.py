"""Promise 2 under load, and while everything breaks: no read is older than an acknowledged write.
`coherence.py` is the checker."""

import contextlib
import os
import subprocess
import time

import pytest

import breaks
import gates
import seed
from api import new_product
from coherence import Checker
from conftest import running
from stack import CHECKOUT, wait_until
from wire import Client, request, worker_sockets

WORKERS = 4
# Nothing that a cache holds may be healed by its expiry, and a page shows all that there is.
SETTINGS = {"QA_WORKERS": str(WORKERS), "QA_SAMPLE_PRODUCTS": "10", "QA_LOG_LEVEL": "info",
            "QA_CACHE_LIFETIME_S": "3600", "QA_ANSWERS_PER_QUESTION": "1000"}
SETTLED_S = 3 + 0.5  # after the statement timeout and a second more nothing is orphaned
LONG_S = 4.5  # nothing in the service waits so long for an orphan


the_checker_itself = pytest.mark.same_with_sanitizers("the checker itself is tested, on a program with a fault")


@pytest.fixture(scope="module")
def crew():
    """A stack with four workers."""
    with running(**SETTINGS) as stack:
        yield stack


def wait_until_ready(stack):
    def is_ready(path):
        try:
            return Client(path).ask(request("GET", "/readyz")).status == 200
        except OSError:
            return False

    wait_until(lambda: all(map(is_ready, worker_sockets(stack)))
               and len(stack.worker_pids()) == WORKERS and not stack.busy_backends())


def break_things(stack, checker, sequence):
    """One after the other; before each the clients have got somewhere."""
    for break_something in sequence:
        time.sleep(0.4)
        checker.go_on(acknowledged=15)
        break_something(stack)
    checker.go_on(acknowledged=15)


def assert_nothing_found(findings):
    assert (findings.stale, findings.wrong) == (0, 0), findings.told


def test_no_read_is_older_than_an_acknowledged_write(crew):
    with Checker(crew, reads_per_write=20) as checker:
        checker.go_on(reads=30_000, acknowledged=1500)
    assert_nothing_found(checker.findings)
    assert checker.findings.confirmed > 0
    assert checker.findings.compressed > 0
    assert checker.compare_with(crew) == []


def test_not_while_workers_and_sessions_die_and_connections_are_cut(crew):
    sequence = [breaks.kill_a_worker, breaks.terminate_a_session, breaks.reload,
                breaks.reload_nginx, breaks.terminate_a_session, breaks.kill_all_workers,
                breaks.kill_the_supervisor, breaks.terminate_all_sessions,
                breaks.crash_the_database]
    with Checker(crew, faults=True) as checker:
        break_things(crew, checker, sequence)
    findings = checker.findings
    assert_nothing_found(findings)
    assert findings.acknowledged >= 200
    assert findings.reads > findings.acknowledged
    assert findings.unknown > 0
    time.sleep(SETTLED_S)
    wait_until_ready(crew)
    assert checker.compare_with(crew) == []


@the_checker_itself
def test_the_checker_notices_a_page_that_is_kept_as_newer_than_its_query():
    with running(FAULT="NOTE_AFTER_QUERY", **SETTINGS) as stack:
        with Checker(stack) as checker:
            checker.go_on(acknowledged=20_000)
    assert checker.findings.stale > 0
    assert checker.findings.wrong == 0, checker.findings.told


@the_checker_itself
def test_the_checker_notices_an_nginx_that_notes_versions_before_the_read(crew):
    module = CHECKOUT / "build/release-NOTE_EARLY_IN_NGINX/ngx_http_qa_pages_module.so"
    subprocess.run(["make", "--silent", "module", "FAULT=NOTE_EARLY_IN_NGINX"], cwd=CHECKOUT, check=True,
                   env={**os.environ, "SANITIZE": ""})
    if not module.exists():
        pytest.skip("the module cannot be built here")
    with crew.another_nginx(module) as port, Checker(crew, port=port) as checker:
        checker.go_on(acknowledged=20_000)
    assert checker.findings.stale > 0
    assert checker.findings.wrong == 0, checker.findings.told


# A commit that nobody was told of

@pytest.fixture
def page(crew):
    """(question, its page): without a vote, and in the cache of no worker."""
    product = new_product()
    [question] = seed.questions(crew, product, [0])
    return question, request("GET", f"/qa/questions?product_id={product}")


def votes_shown(stack, page):
    """On the page as each worker has it, as soon as that has a connection to the database."""
    def shown_by(path):
        replies = []

        def has_replied():
            with Client(path) as client:
                replies.append(client.ask(page))
            return replies[-1].status != 503

        wait_until(has_replied)
        assert replies[-1].status == 200
        return replies[-1].json()["results"][0]["question_helpfulness"]

    return {shown_by(path) for path in worker_sockets(stack)}


def votes_committed(stack, question):
    return stack.sql("SELECT helpful FROM questions WHERE id = %s", question)[0][0]


@contextlib.contextmanager
def orphan(stack, question, page):
    """Within it, a vote that the first worker sent is about to be committed. After it, it is,
    behind the back of pages that were made meanwhile, and shows in the end."""
    with gates.on_commits(stack):
        with gates.closed(stack, gates.COMMITS), Client(worker_sockets(stack)[0]) as voter:
            voter.send(request("PUT", f"/qa/questions/{question}/helpful"))
            gates.wait_until_somebody_waits(stack)
            yield voter
            assert votes_shown(stack, page) == {0}
        wait_until(lambda: votes_committed(stack, question) == 1)
        wait_until(lambda: votes_shown(stack, page) == {1})


def test_a_commit_after_the_death_of_its_worker_shows_in_the_end(crew, page):
    with orphan(crew, *page):
        workers = crew.worker_pids()
        breaks.kill_all_workers(crew)
        wait_until(lambda: len(set(crew.worker_pids()) - set(workers)) == WORKERS)


def test_a_commit_that_takes_longer_than_any_time_limit_shows_in_the_end(crew, page):
    with orphan(crew, *page):
        breaks.kill_all_workers(crew)
        end = time.monotonic() + LONG_S
        while time.monotonic() < end:
            assert votes_shown(crew, page[1]) == {0}
            time.sleep(0.1)


@pytest.mark.parametrize("meanwhile", [lambda stack: None, breaks.reload])
def test_a_commit_after_its_deadline_shows_in_the_end(crew, page, meanwhile):
    with orphan(crew, *page) as voter:
        meanwhile(crew)
        assert voter.receive().status == 504
        voter.close()
