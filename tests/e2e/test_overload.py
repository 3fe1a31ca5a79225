"""More than the service can take: what goes beyond is refused at once, all else is answered, and
afterwards nothing of it is left."""

import contextlib
import os
import re
import signal
import time

import pytest

import seed
from api import new_product
from conftest import PATIENT, running
from stack import wait_until
from wire import Client, request, send_at_once, wait_until_taken_in, worker_sockets

OVERLOAD_AFTER_S, LOCK_TIMEOUT_S = 0.1, 0.1
SHORT_QUEUE = 2 * 64  # reads of one worker, of which none is refused however long they wait
YOUNG_QUEUE_S = 4 * OVERLOAD_AFTER_S  # none of those in a queue that is not older


@pytest.fixture(scope="module")
def stack():
    """Without a cache, so that each read is a query."""
    with running(**{**PATIENT, "QA_OVERLOAD_AFTER_MS": str(int(1000 * OVERLOAD_AFTER_S))},
                 QA_LOCK_TIMEOUT_MS=str(int(1000 * LOCK_TIMEOUT_S)), QA_WRITE_CONNECTIONS="1",
                 QA_SAMPLE_PRODUCTS="20", QA_LOG_LEVEL="info", QA_CACHE_MB="0") as stack:
        yield stack


def read():
    return request("GET", f"/qa/questions?product_id={new_product()}")


def vote(question):
    return request("PUT", f"/qa/questions/{question}/helpful")


def assert_refused(reply):
    assert reply.status == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert int(reply.headers["retry-after"]) >= 1


@contextlib.contextmanager
def clients_of(address, count):
    clients = [Client(address) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def statuses_at_once(clients, requests):
    """Sends a request on each connection; the statuses of the replies."""
    send_at_once(clients, requests)
    return [client.receive().status for client in clients]


def test_who_would_wait_too_long_is_refused_while_the_others_still_wait(stack):
    worker = worker_sockets(stack)[0]
    early, late = SHORT_QUEUE + 50, 20
    with clients_of(worker, early) as first, clients_of(worker, late) as second:
        with stack.frozen_backends():
            send_at_once(first, [read() for _ in first])
            wait_until_taken_in(worker)
            time.sleep(YOUNG_QUEUE_S + OVERLOAD_AFTER_S)
            send_at_once(second, [read() for _ in second])
            for client in second:  # while the database answers nobody
                assert_refused(client.receive())
        assert {client.receive().status for client in first} == {200}
        assert statuses_at_once(second, [read() for _ in second]) == [200] * late


def statuses_around_a_stall(stack, worker):
    """Of requests that come while the database stalls; none if this machine did so itself."""
    with clients_of(worker, SHORT_QUEUE + 50) as first, clients_of(worker, 100) as second:
        with stack.frozen_backends():
            began = time.monotonic()
            send_at_once(first, [read() for _ in first])
            wait_until_taken_in(worker)
            time.sleep(2 * OVERLOAD_AFTER_S)
            send_at_once(second, [read() for _ in second])
            wait_until_taken_in(worker)
            is_short = time.monotonic() - began < YOUNG_QUEUE_S
        statuses = [client.receive().status for client in (*first, *second)]
    return statuses if is_short else []


def test_a_short_stall_makes_nobody_lose_a_page(stack):
    worker = worker_sockets(stack)[0]
    statuses = []
    wait_until(lambda: statuses.extend(statuses_around_a_stall(stack, worker)) or statuses)
    assert statuses == [200] * (SHORT_QUEUE + 150)


def test_a_write_that_would_wait_too_long_is_refused_while_others_still_wait(stack):
    worker = worker_sockets(stack)[0]
    questions = seed.questions(stack, new_product(), [0, 0, 0])
    with clients_of(worker, 3) as (in_flight, waiting, late):
        with stack.frozen_backends():
            for client, question in ((in_flight, questions[0]), (waiting, questions[1])):
                client.send(vote(question))
                wait_until_taken_in(worker)
            time.sleep(2 * (OVERLOAD_AFTER_S + LOCK_TIMEOUT_S))
            reply = late.ask(vote(questions[2]))
            assert_refused(reply)
            assert "nothing was written" in reply.json()["detail"]
        assert [client.receive().status for client in (in_flight, waiting)] == [204, 204]
        assert late.ask(vote(questions[2])).status == 204
    assert stack.sql("SELECT helpful FROM questions WHERE id = ANY (%s)",
                     questions) == [(1,)] * 3


def test_a_flood_is_answered_or_refused_and_leaves_nothing_behind(stack):
    """Hundreds of clients who ask again as soon as they are answered, for pages that each cost
    PostgreSQL some milliseconds."""
    product = new_product()
    seed.many_questions(stack, product, 200)
    page = request("GET", f"/qa/questions?product_id={product}&count=200")
    statuses = set()
    with clients_of(stack.port, 800) as clients:
        send_at_once(clients, [page] * len(clients))
        for again in (True, False):
            for client in clients:
                reply = client.receive()
                statuses.add(reply.status)
                if reply.status == 503:
                    assert_refused(reply)
                if again:
                    client.send(page)
        assert statuses == {200, 503}
        assert statuses_at_once(clients[:100], [read() for _ in range(100)]) == [200] * 100


@contextlib.contextmanager
def few_connections(stack):
    """NGINX with one worker and few connections."""
    configuration = stack.folder / "nginx/nginx.conf"
    original = configuration.read_text()

    def reload(text):
        old = stack.nginx_workers()
        configuration.write_text(text)
        os.kill(stack.nginx_pid(), signal.SIGHUP)
        wait_until(lambda: stack.nginx_workers() and not set(old) & set(stack.nginx_workers()))

    few = original.replace("worker_processes auto;", "worker_processes 1;")
    few = re.sub(r"worker_connections \d+;", "worker_connections 40;", few)
    few = re.sub(r"client_body_timeout \w+;", "client_body_timeout 1h;", few)
    for line in ("worker_processes 1;", "worker_connections 40;", "client_body_timeout 1h;"):
        assert few.count(line) == 1
    reload(few)
    try:
        yield
    finally:
        reload(original)


@contextlib.contextmanager
def all_places_taken(stack):
    """Within it, NGINX with few connections has a place for a client and none to pass his request
    on. The clients that take the others, each with a request whose body of two bytes is missing."""
    with contextlib.ExitStack() as open_clients:
        clients = []

        def is_full():
            with Client(stack.port) as probe:
                # A POST, for which NGINX uses and leaves behind no kept connection to a worker.
                if probe.ask(request("POST", "/qa/questions", {})).status == 503:
                    return True
            clients.append(open_clients.enter_context(Client(stack.port)))
            clients[-1].send(request("GET", "/healthz", Content_Length=2))
            return False

        wait_until(is_full)
        yield clients


def test_nginx_out_of_connections_refuses_in_the_same_form(stack):
    [question] = seed.questions(stack, new_product(), [0])
    with few_connections(stack):
        with all_places_taken(stack) as clients:
            with Client(stack.port) as late:
                assert_refused(late.ask(read()))
                reply = late.ask(vote(question))
                assert_refused(reply)
                assert "nothing was written" in reply.json()["detail"]
            for client in clients:  # who has a place is served, as soon as one more is free
                client.send(b"{}")
                assert client.receive().status == 200
                client.close()
    with Client(stack.port) as client:
        assert client.ask(vote(question)).status == 204
    assert stack.sql("SELECT helpful FROM questions WHERE id = %s", question) == [(1,)]
