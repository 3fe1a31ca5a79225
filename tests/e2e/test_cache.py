"""The cache by itself: what it answers, for how long, and in how much memory. A change by hand,
which it cannot notice, tells what is from the cache. That it is never stale is tested in
test_coherence.py, that a miss costs one query in test_single_flight.py."""

import contextlib
import gzip
import itertools
import os
import re
import signal
import time

import pytest

import breaks
import gates
import seed
import test_process
from api import PATIENCE_S, QUESTION, new_product
from conftest import running
from stack import wait_until
from wire import Client, request, send_at_once, worker_sockets

LIFETIME_S = 3
STARTED_S = 3 + 0.5  # so long after a start a page is trusted for at least as long
SILENT_S = 5 + 0.5  # after it a killed service is missed


def wait_until_started(supervisor):
    wait_until(lambda: time.time() - os.stat(f"/proc/{supervisor}").st_mtime > STARTED_S)


@pytest.fixture(scope="module", autouse=True)
def start_is_over(stack):
    wait_until_started(stack.supervisor_pid())


@pytest.fixture(scope="module")
def small_stack():
    """A cache of a megabyte, whose pages live for some seconds."""
    # AddressSanitizer must not keep what was freed.
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_CACHE_MB="1",
                 QA_CACHE_LIFETIME_S=str(LIFETIME_S), ASAN_OPTIONS="quarantine_size_mb=1"
                 ":thread_local_quarantine_size_kb=64") as stack:
        wait_until_started(stack.supervisor_pid())
        yield stack


@pytest.fixture(scope="module")
def stack_without_cache():
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_CACHE_MB="0") as stack:
        yield stack


class Page:
    """One of the lists that show a new question's only answer."""

    def __init__(self, stack, kind="questions"):
        self._stack = stack
        self.product = new_product()
        [self.question] = seed.questions(stack, self.product, [0])
        # So long that compression is worth it.
        [self.answer] = seed.answers(stack, self.question, [0], body="So it is. " * 98)
        self.target = {"questions": f"/qa/questions?product_id={self.product}",
                       "answers": f"/qa/questions/{self.question}/answers"}[kind]
        self.tables = {"questions": "product_pages, questions", "answers": "answers"}[kind]

    def change_by_hand(self):
        self._stack.sql("UPDATE answers SET body = 'By hand. ' || body WHERE id = %s", self.answer)

    def get(self, client, method="GET", **headers):
        return client.ask(request(method, self.target, **headers))

    def is_new(self, client):
        reply = self.get(client)
        assert reply.status == 200
        return b"By hand." in reply.body


@pytest.fixture(params=["questions", "answers"])
def page(request, stack):
    return Page(stack, request.param)


@pytest.fixture
def worker(stack):
    """A client of one worker."""
    with Client(worker_sockets(stack)[0]) as client:
        yield client


def invalidations(service, reason):
    """How often it has invalidated every page. A page that shows a change by hand before this rises has expired."""
    return service.metrics().value("atelier_qa_cache_invalidations_total", reason=reason)


def assert_not_modified(reply, tag):
    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["etag"] == tag
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["vary"] == "Accept-Encoding"


# What it answers

def test_a_page_is_answered_from_the_cache(page, worker):
    first = page.get(worker)
    page.change_by_hand()
    second = page.get(worker)
    assert second.body == first.body
    assert ({name: value for name, value in second.headers.items() if name != "date"}
            == {name: value for name, value in first.headers.items() if name != "date"})


def test_what_one_worker_has_made_is_answered_by_the_others_too(stack, page, worker):
    first = page.get(worker)
    page.change_by_hand()
    with Client(worker_sockets(stack)[1]) as other:
        second = page.get(other)
        assert second.body == first.body
        assert second.headers["etag"] == first.headers["etag"]
        compressed = page.get(other, Accept_Encoding="gzip")
        assert gzip.decompress(compressed.body) == first.body
        assert_not_modified(page.get(other, If_None_Match=first.headers["etag"]),
                            first.headers["etag"])


def test_a_reload_empties_the_cache(configured_stack):
    stack = configured_stack  # its pages do not expire so soon
    stack.wait_until_whole()
    wait_until_started(stack.supervisor_pid())
    page = Page(stack)
    with Client(worker_sockets(stack)[0]) as client:
        assert not page.is_new(client)
        page.change_by_hand()
        assert not page.is_new(client)
    before = invalidations(stack, "reloaded")
    stack.reload()
    wait_until(lambda: invalidations(stack, "reloaded") > before)
    assert all(seen_by_a_new_client(stack, page))
    stack.wait_until_whole()


def seen_by_a_new_client(stack, page):
    for path in worker_sockets(stack):
        with Client(path) as client:
            yield page.is_new(client)


def test_a_cached_page_is_not_modified(page, worker):
    tag = page.get(worker).headers["etag"]
    page.change_by_hand()
    for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        assert_not_modified(page.get(worker, If_None_Match=header), tag)
    assert page.get(worker, If_None_Match='"x"').status == 200


def test_head_is_answered_from_the_cache(page, worker):
    get = page.get(worker)
    page.change_by_hand()
    head = page.get(worker, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("etag", "content-length", "content-type", "cache-control", "vary"):
        assert head.headers[name] == get.headers[name]
    assert page.get(worker).body == get.body


def test_what_head_fetched_is_in_the_cache(page, worker):
    head = page.get(worker, method="HEAD")
    page.change_by_hand()
    assert not page.is_new(worker)
    assert page.get(worker).headers["etag"] == head.headers["etag"]


def test_a_page_is_compressed_once_and_not_different(stack, page, worker):
    plain = page.get(worker)
    page.change_by_hand()
    replies = [page.get(worker, Accept_Encoding="gzip") for _ in range(2)]
    for reply in replies:
        assert reply.headers["content-encoding"] == "gzip"
        assert reply.headers["vary"] == "Accept-Encoding"
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["etag"].removeprefix("W/") == plain.headers["etag"]
        assert len(reply.body) < len(plain.body)
        assert gzip.decompress(reply.body) == plain.body
    assert replies[0].body == replies[1].body
    after = page.get(worker)
    assert "content-encoding" not in after.headers
    assert after.body == plain.body


def test_nginx_passes_the_compressed_page_through(stack, page, worker):
    compressed = page.get(worker, Accept_Encoding="gzip")
    for _ in range(4):
        with Client(stack.port) as client:
            reply = page.get(client, Accept_Encoding="gzip, br")
        assert reply.body == compressed.body
        for name in ("etag", "content-encoding", "content-length", "vary"):
            assert reply.headers[name] == compressed.headers[name]


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
@pytest.mark.parametrize("first", ["gzip", "identity"])
def test_the_tag_of_either_form_revalidates_the_other(page, worker, first, accepted):
    tag = page.get(worker, Accept_Encoding=first).headers["etag"]
    page.change_by_hand()
    reply = page.get(worker, Accept_Encoding=accepted, If_None_Match=tag)
    assert_not_modified(reply, page.get(worker, Accept_Encoding=accepted).headers["etag"])
    assert "content-encoding" not in reply.headers


def test_a_short_page_is_not_compressed(stack, worker):
    reply = worker.ask(request("GET", f"/qa/questions?product_id={new_product()}",
                               Accept_Encoding="gzip"))
    assert reply.status == 200
    assert "content-encoding" not in reply.headers
    assert reply.headers["vary"] == "Accept-Encoding"


def test_a_write_replaces_what_is_cached_in_every_form(page, worker):
    tag = page.get(worker).headers["etag"]
    page.get(worker, Accept_Encoding="gzip")
    page.get(worker, If_None_Match=tag)
    assert worker.ask(request("PUT", f"/qa/answers/{page.answer}/helpful")).status == 204
    for accepted in ("gzip", "identity"):
        reply = page.get(worker, Accept_Encoding=accepted, If_None_Match=tag)
        assert reply.status == 200
        assert reply.headers["etag"].removeprefix("W/") != tag
        body = reply.body if accepted == "identity" else gzip.decompress(reply.body)
        assert re.search(rb'"helpfulness" ?: ?1\b', body)


def test_an_empty_list_is_cached_until_something_is_added(stack, worker):
    product = new_product()
    target = f"/qa/questions?product_id={product}"
    assert worker.ask(request("GET", target)).json()["results"] == []
    seed.questions(stack, product, [0])
    assert worker.ask(request("GET", target)).json()["results"] == []
    assert worker.ask(request("POST", "/qa/questions",
                              {**QUESTION, "product_id": product})).status == 201
    assert len(worker.ask(request("GET", target)).json()["results"]) == 2


def test_a_failure_is_not_cached(stack, page, worker):
    with stack.locked(f"LOCK TABLE {page.tables} IN ACCESS EXCLUSIVE MODE"):
        assert page.get(worker).status == 503
    assert page.get(worker).status == 200


def test_a_failure_is_everybodys_who_waits_for_the_same_query(stack, page):
    clients = [Client(worker_sockets(stack)[0]) for _ in range(20)]
    with stack.locked(f"LOCK TABLE {page.tables} IN ACCESS EXCLUSIVE MODE"):
        send_at_once(clients, len(clients) * [request("GET", page.target)])
        for reply in [client.receive() for client in clients]:
            assert reply.status == 503
            assert reply.headers["content-type"] == "application/problem+json"
    for client in clients:
        assert page.get(client).status == 200
        client.close()


# For how long

def test_a_change_by_hand_shows_when_the_page_expires(small_stack):
    page = Page(small_stack)
    with Client(worker_sockets(small_stack)[0]) as client:
        cached = time.monotonic()
        assert not page.is_new(client)
        page.change_by_hand()
        wait_until(lambda: page.is_new(client))
        assert time.monotonic() - cached > LIFETIME_S - 0.1  # reading it does not prolong its life


def test_cached_pages_are_answered_while_the_database_is_away(fault_stack):
    fault_stack.wait_until_whole()
    wait_until_started(fault_stack.supervisor_pid())
    page, other = Page(fault_stack), Page(fault_stack)
    with Client(worker_sockets(fault_stack)[0]) as worker, Client(fault_stack.port) as nginx:
        before = page.get(worker)
        assert before.status == 200
        fault_stack.stop_database()
        try:
            wait_until(lambda: not any(fault_stack.readiness()))
            for client in (worker, nginx):
                during = page.get(client)
                assert (during.status, during.body) == (200, before.body)
                assert page.get(client, Accept_Encoding="gzip").status == 200
                assert other.get(client).status == 503
        finally:
            fault_stack.start_database()
    fault_stack.wait_until_whole()


def test_but_only_until_they_expire(small_stack):
    page = Page(small_stack)
    with Client(worker_sockets(small_stack)[0]) as client:
        assert not page.is_new(client)
        small_stack.stop_database()
        try:
            wait_until(lambda: page.get(client).status == 503)
        finally:
            small_stack.start_database()
        small_stack.wait_until_whole()
        assert page.get(client).status == 200


# In how much memory

def anonymous_kilobytes(stack):
    """The memory that the workers have taken for themselves."""
    return sum(int(line.split()[1]) for pid in stack.worker_pids()
               for line in open(f"/proc/{pid}/status") if line.startswith("RssAnon:"))


def test_memory_is_bounded_however_many_pages_are_read(small_stack):
    products = [new_product() for _ in range(20)]
    for product in products:
        for question in seed.questions(small_stack, product, 5 * [0]):
            seed.answers(small_stack, question, [0])
    accepted = itertools.cycle(["gzip", "identity"])
    requests = [request("GET", f"/qa/questions?product_id={product}&count={count}",
                        Accept_Encoding=next(accepted))
                for product in products for count in range(1, 1001)]
    clients = [Client(worker_sockets(small_stack)[0]) for _ in range(50)]

    def read(requests):
        """Returns how many kilobytes came."""
        size = 0
        for start in range(0, len(requests), len(clients)):
            send_at_once(clients, requests[start:start + len(clients)])
            replies = [client.receive() for client in clients]
            assert {reply.status for reply in replies} == {200}
            size += sum(len(reply.body) for reply in replies)
        return size / 1024

    read(requests[:2000])
    full = anonymous_kilobytes(small_stack)
    more = read(requests[2000:])
    assert anonymous_kilobytes(small_stack) - full < more / 10
    for client in clients:
        client.close()


# Switched off

def test_without_a_cache_a_change_by_hand_shows_at_once(stack_without_cache):
    for kind in ("questions", "answers"):
        page = Page(stack_without_cache, kind)
        clients = [Client(path) for path in worker_sockets(stack_without_cache)]
        for client in clients:
            assert not page.is_new(client)
        page.change_by_hand()
        for client in clients:
            assert page.is_new(client)
            client.close()


def test_without_a_cache_a_write_shows_at_once_on_every_worker(stack_without_cache):
    page = Page(stack_without_cache)
    clients = [Client(path) for path in worker_sockets(stack_without_cache)]
    for votes in range(1, 11):
        writer = clients[votes % 2]
        assert writer.ask(request("PUT", f"/qa/questions/{page.question}/helpful")).status == 204
        for client in clients:
            [shown] = page.get(client).json()["results"]
            assert shown["question_helpfulness"] == votes
    for client in clients:
        client.close()


@pytest.mark.parametrize("kind", ["questions", "answers"])
def test_without_a_cache_each_worker_gives_a_page_the_same_tag(stack_without_cache, kind):
    page = Page(stack_without_cache, kind)
    tags = []
    for path in worker_sockets(stack_without_cache):
        with Client(path) as client:
            tags.append(page.get(client).headers["etag"])
    assert len(tags) == 2
    assert len(set(tags)) == 1


def test_without_a_cache_pages_have_the_same_tags_and_are_compressed_by_nginx(stack_without_cache):
    page = Page(stack_without_cache)
    with Client(worker_sockets(stack_without_cache)[0]) as client:
        plain = page.get(client, Accept_Encoding="gzip")
        assert "content-encoding" not in plain.headers
        assert_not_modified(page.get(client, If_None_Match=plain.headers["etag"]),
                            plain.headers["etag"])
        assert page.get(client, method="HEAD").headers["etag"] == plain.headers["etag"]
    with Client(stack_without_cache.port) as client:
        head = page.get(client, method="HEAD", Accept_Encoding="gzip")
        assert head.headers["content-encoding"] == "gzip"
        assert head.headers["etag"] == "W/" + plain.headers["etag"]


# Several services on one database, and the end of one

@pytest.fixture
def services(stack, tmp_path):
    """Starts services on the database of `stack` that share a file of versions."""
    started = []

    def start():
        folder = tmp_path / str(len(started))
        folder.mkdir()
        service = test_process.running(stack, folder,
                                       QA_SHARED_FILE=str(tmp_path / "shared/versions"))
        started.append(service)
        running_service = service.__enter__()
        running_service.wait_until_ready()
        return running_service

    yield start
    for service in reversed(started):
        service.__exit__(None, None, None)


def worker_of(service, number=0):
    return Client(service.folder / f"run/worker{number}.sock")


def test_services_that_share_a_file_see_each_others_writes_at_once(stack, services):
    one, other = services(), services()
    page = Page(stack)
    with worker_of(one) as reader, worker_of(other) as writer:
        for votes in range(1, 11):
            page.get(reader)
            assert writer.ask(request("PUT", f"/qa/answers/{page.answer}/helpful")).status == 204
            [shown] = page.get(reader).json()["results"]
            assert shown["answers"][str(page.answer)]["helpfulness"] == votes


def test_a_start_makes_all_pages_anew_that_others_have_cached(stack, services):
    page = Page(stack)
    service = services()
    wait_until_started(service.process.pid)
    with worker_of(service) as client:
        page.get(client)
        page.change_by_hand()
        assert not page.is_new(client)
        services()
        assert page.is_new(client)


def test_the_death_of_a_worker_makes_all_pages_anew_that_others_have_cached(stack, services):
    service = services()
    wait_until_started(service.process.pid)
    page = Page(stack)
    with worker_of(service, 1) as client:
        page.get(client)
        page.change_by_hand()
        assert not page.is_new(client)
        os.kill(service.workers[0], signal.SIGKILL)
        wait_until(lambda: invalidations(service, "worker_died") == 1)
        assert page.is_new(client)


@contextlib.contextmanager
def vote_left_behind(stack, service, question):
    """Within it, a vote that a worker of `service` has sent is about to be committed; then it is."""
    with gates.on_commits(stack):
        with gates.closed(stack, gates.COMMITS), worker_of(service) as voter:
            voter.send(request("PUT", f"/qa/questions/{question}/helpful"))
            gates.wait_until_somebody_waits(stack)
            yield voter
        wait_until(lambda: stack.sql("SELECT helpful FROM questions WHERE id = %s",
                                     question) == [(1,)])


def votes_on(page, client):
    return page.get(client).json()["results"][0]["question_helpfulness"]


@pytest.mark.parametrize("is_holder", [True, False])
def test_a_commit_that_a_killed_service_left_behind_shows_at_the_others(stack, services, is_holder):
    """Whose end is seen at once when it held the memory, and in every case by its silence."""
    holder, member = services(), services()
    killed, other = (holder, member) if is_holder else (member, holder)
    page = Page(stack)
    time.sleep(SILENT_S + 2)  # from now on pages are trusted for longer than the test takes
    before = {reason: invalidations(other, reason) for reason in ("holder_died", "service_died")}
    with worker_of(other) as reader:
        with vote_left_behind(stack, killed, page.question):
            breaks.kill(killed.process.pid, *killed.workers)
            assert votes_on(page, reader) == 0
        wait_until(lambda: invalidations(other, "service_died") > before["service_died"])
        assert votes_on(page, reader) == 1
    assert (invalidations(other, "holder_died") > before["holder_died"]) == is_holder


def test_a_commit_that_a_stopped_service_left_behind_shows_at_the_others(stack, services):
    one, other = services(), services()
    page = Page(stack)
    with worker_of(other) as reader:
        with vote_left_behind(stack, one, page.question) as voter:
            one.process.send_signal(signal.SIGTERM)
            assert voter.receive().status == 504
            voter.close()
            assert one.process.wait(PATIENCE_S) == 0
            assert votes_on(page, reader) == 0
        wait_until(lambda: votes_on(page, reader) == 1)


def test_a_shared_file_of_another_version_is_refused(stack, tmp_path):
    shared = tmp_path / "versions"
    shared.write_bytes(b"something else")
    with test_process.running(stack, tmp_path, QA_SHARED_FILE=str(shared)) as service:
        assert service.process.wait(PATIENCE_S) != 0
        [error] = service.errors_of_supervisor()
        assert "QA_SHARED_FILE" in str(error)
    assert shared.read_bytes() == b"something else"


def test_a_draining_worker_closes_after_a_cached_answer(stack, tmp_path):
    page = Page(stack)
    with test_process.running(stack, tmp_path) as service:
        service.wait_until_ready()
        calls = [{}, {"If_None_Match": "*"}, {"Accept_Encoding": "gzip"},
                 {"Accept_Encoding": "gzip", "If_None_Match": "*"}, {"method": "HEAD"}]
        clients = [worker_of(service) for _ in calls]
        for client, call in zip(clients, calls):
            assert "connection" not in page.get(client, **call).headers
        page.change_by_hand()
        service.process.send_signal(signal.SIGTERM)
        service.wait_until_draining()
        for client, call in zip(clients, calls):
            reply = page.get(client, **call)
            assert reply.status == (304 if "If_None_Match" in call else 200)
            assert reply.headers["connection"].lower() == "close"
            assert b"By hand." not in reply.body
        assert service.process.wait(PATIENCE_S) == 0
