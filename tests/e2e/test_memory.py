"""Workers under a hard limit of memory, attacked with what takes memory: nothing that was acknowledged
is lost, every reply is a legal one, and all is well again afterwards. A worker that finds no memory ends."""

import collections
import contextlib
import itertools
import os
import re
import resource
import signal
import threading
from pathlib import Path

import pytest

import seed
import test_process
from api import EMAIL, ask, new_product
from stack import wait_until
from test_shared_file import complaints
from wire import Client, request

pytestmark = pytest.mark.skipif(bool(os.environ.get("SANITIZE")),
                                reason="AddressSanitizer takes far more than any limit")

MEGABYTE = 2**20
ROOM = 24 * MEGABYTE  # for a worker, beyond what it takes when idle
TOO_LITTLE = 300_000  # to start a worker
BODY = 64 * 1024
BODIES = 1200
CACHE_MB = 32
VOTERS = 8
ROWS = 1000  # of the largest page
LEGAL = {200, 201, 204, 503, 504}
BROKEN = "broken"  # a connection that ended without a reply
LIMITS = {"RLIMIT_DATA": (resource.RLIMIT_DATA, "VmData"), "RLIMIT_AS": (resource.RLIMIT_AS, "VmSize")}


def taken(pid, what):
    return 1024 * int(re.search(rf"{what}:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])


def limit(service, kind, size):
    """The workers that run, and, by way of their parent, those that will be started."""
    for pid in [*test_process.children(service.process.pid), service.process.pid]:
        resource.prlimit(pid, kind, (size, resource.RLIM_INFINITY))


@pytest.fixture
def service(stack, tmp_path):
    with test_process.running(stack, tmp_path, QA_CACHE_MB=str(CACHE_MB),
                              QA_QUEUE_LIMIT="1000") as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(params=LIMITS)
def limited(request, service):
    kind, what = LIMITS[request.param]
    limit(service, kind, max(taken(worker, what) for worker in service.workers) + ROOM)
    return service


@pytest.fixture(scope="module")
def large_product(stack):
    """A product with a megabyte of questions."""
    product = new_product()
    stack.sql("INSERT INTO questions (product_id, body, asker_name, asker_email)"
              f" SELECT %s, repeat('x', 900), 'asker', '{EMAIL}' FROM generate_series(1, {ROWS})",
              product)
    return product


def sockets(service):
    return [service.folder / f"run/worker{number}.sock" for number in (0, 1)]


def large_page(product, number):
    """Each has a number of questions of its own, so that each is a page to be made and kept."""
    return request("GET", f"/qa/questions?product_id={product}&count={ROWS - number}")


def status_of(client):
    try:
        return client.receive().status
    except OSError:
        return BROKEN


def has_sent(client, part):
    try:
        client.send(part)
        return True
    except OSError:
        return False


class Voters:
    """Clients that vote, each for an answer of its own, while the `with` block runs."""

    def __init__(self, service, answers):
        self.statuses = {answer: collections.Counter() for answer in answers}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[sockets(service)[turn % 2], answer])
                         for turn, answer in enumerate(answers)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, socket, answer):
        with Client(socket) as client:
            while not self._stopping.is_set():
                try:
                    client.send(request("PUT", f"/qa/answers/{answer}/helpful"))
                    status = status_of(client)
                except OSError:
                    status = BROKEN
                self.statuses[answer][status] += 1


@contextlib.contextmanager
def sent(service, requests):
    """Connections on which these have been sent, whose replies nobody reads yet."""
    with contextlib.ExitStack() as clients:
        opened = []
        for turn, message in enumerate(requests):
            client = clients.enter_context(Client(sockets(service)[turn % 2]))
            with contextlib.suppress(OSError):
                client.send(message)
                opened.append(client)
        yield opened


def send_bodies(service, question, statuses):
    """Bodies of the largest size, which all lack a byte until the last one is there."""
    fields = {"body": "x", "name": "ann", "email": EMAIL, "filler": ""}
    fields["filler"] = "y" * (BODY - 100)
    body = request("POST", f"/qa/questions/{question}/answers", fields)
    with sent(service, [body[:-1]] * BODIES) as clients:
        whole = [client for client in clients if has_sent(client, body[-1:])]
        statuses[BROKEN] += BODIES - len(whole)
        statuses.update(map(status_of, whole))


def test_under_attack_nothing_acknowledged_is_lost_and_each_reply_is_legal(stack, limited,
                                                                           large_product):
    [question, posted] = seed.questions(stack, new_product(), [0, 0])
    answers = seed.answers(stack, question, [0] * VOTERS)
    pages, bodies = collections.Counter(), collections.Counter()
    with Voters(limited, answers) as voters:
        send_bodies(limited, posted, bodies)
        requests = [large_page(large_product, number) for number in range(100)]
        with sent(limited, requests) as clients:
            pages.update(map(status_of, clients))
    for counted in (pages, bodies, *voters.statuses.values()):
        assert set(counted) - {BROKEN} <= LEGAL
    assert bodies[BROKEN] + bodies[503] > 0  # memory did run out
    for answer, counted in voters.statuses.items():
        [[votes]] = stack.sql("SELECT helpful FROM answers WHERE id = %s", answer)
        assert counted[204] <= votes <= counted[204] + counted[504] + counted[BROKEN]
    [[rows]] = stack.sql("SELECT count(*) FROM answers WHERE question_id = %s", posted)
    assert bodies[201] <= rows <= bodies[201] + bodies[504] + bodies[BROKEN]
    limited.wait_until_ready()
    assert limited.process.poll() is None
    for line in limited.lines():
        if line["message"] == "a worker died":
            assert (line["by"], line["value"]) == ("signal", signal.SIGABRT)


def test_a_full_cache_takes_no_memory_from_those_who_make_pages(limited, large_product):
    kilobytes = 0
    for number in itertools.count():
        with sent(limited, [large_page(large_product, number)]) as [client]:
            reply = client.receive()
            assert reply.status == 200
            kilobytes += len(reply.body) / 1024
        if kilobytes > 1.2 * 1024 * CACHE_MB:
            break
    assert not complaints(limited, "a worker died")


def test_too_little_memory_to_start_a_worker_is_told_once(service):
    limit(service, resource.RLIMIT_DATA, TOO_LITTLE)
    for pid in service.workers:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: complaints(service, "a worker cannot be started"))
    with contextlib.suppress(OSError), contextlib.closing(service.connection()) as connection:
        connection.timeout = 3  # in which it is tried several times
        ask(connection, "GET", "/readyz")
    [line] = complaints(service, "a worker cannot be started")
    assert line["reason"] == "Cannot allocate memory"
    limit(service, resource.RLIMIT_DATA, resource.RLIM_INFINITY)
    service.wait_until_ready()
