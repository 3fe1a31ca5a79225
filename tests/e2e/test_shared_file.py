"""Services that share one memory, which they find by QA_SHARED_FILE: who starts, stops or dies, and what
becomes of the file, makes no page stale."""

import contextlib
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
from pathlib import Path

import pytest

import gates
import seed
import test_import
import test_process
from api import PATIENCE_S, new_product
from stack import paused, wait_until, workers
from test_cache import Page, worker_of
from wire import request

UNTOLD = 4  # of an import
REMOVED = "QA_SHARED_FILE was removed"
LAYOUT = 8
MESSAGE = struct.Struct("<IIQQ")  # src/pages/handout.c
WISH, REPLY, _, COUNT = range(0x71612d31, 0x71612d35)
HITS_OF_QUESTIONS, HITS_OF_ANSWERS, MISSES_OF_ANSWERS, OF_LATER_VERSION = 0, 2, 5, 99
READ, GRANTED = 1, 1


@contextlib.contextmanager
def service_on(stack, folder, shared, **environment):
    folder.mkdir(exist_ok=True)
    with test_process.running(stack, folder, QA_SHARED_FILE=str(shared), **environment) as service:
        service.wait_until_ready()
        yield service


def complaints(service, text, level="error"):
    return [line for line in service.lines()
            if line["level"] == level and line["message"].startswith(text)]


def vote(client, page):
    assert client.ask(request("PUT", f"/qa/answers/{page.answer}/helpful")).status == 204


def votes_on(client, page):
    [question] = page.get(client).json()["results"]
    return question["answers"][str(page.answer)]["helpfulness"]


def assert_share(stack, *services):
    """Each sees at once what another has changed."""
    page = Page(stack)
    with contextlib.ExitStack() as clients:
        clients = [clients.enter_context(worker_of(service)) for service in services]
        votes = 0
        for voter in clients:
            for reader in clients:
                votes_on(reader, page)
            vote(voter, page)
            votes += 1
            assert [votes_on(reader, page) for reader in clients] == [votes] * len(clients)


def vouched_ms(shared):
    return header(shared)[0]


def edition(shared):
    return header(shared)[1]


def header(shared):
    with shared_memory(shared) as (_, memory):
        return struct.unpack_from("<qQ", memory, 24)  # src/pages/shared_memory.c


@contextlib.contextmanager
def shared_memory(shared):
    """As a reader gets it: the connection, and the mapped memory."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(f"{shared}.sock")
        connection.send(MESSAGE.pack(WISH, LAYOUT, READ, 0))
        reply, [descriptor], _, _ = socket.recv_fds(connection, MESSAGE.size, 1)
        assert MESSAGE.unpack(reply)[:3] == (REPLY, LAYOUT, GRANTED)
        with os.fdopen(descriptor, "rb") as file, \
                mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as memory:
            with pytest.raises(PermissionError):
                mmap.mmap(file.fileno(), 0)
            yield connection, memory


def catches(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


def test_when_the_holder_is_killed_the_others_go_on_and_a_third_joins(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "two", shared) as two:
        with service_on(stack, tmp_path / "one", shared) as one:
            assert_share(stack, one, two)
            two.process.kill()
            wait_until(lambda: complaints(one, "another service that held", "warning"), PATIENCE_S)
            with service_on(stack, tmp_path / "three", shared) as three:
                assert_share(stack, one, three)
                first_ms = vouched_ms(shared)
                wait_until(lambda: vouched_ms(shared) > first_ms, PATIENCE_S)


def test_the_holder_that_stops_hands_over_and_readers_lose_the_memory(stack, tmp_path):
    shared = tmp_path / "shared"
    with (service_on(stack, tmp_path / "one", shared) as one,
          service_on(stack, tmp_path / "two", shared) as two,
          shared_memory(shared) as (connection, _)):
        for count in [(HITS_OF_QUESTIONS, 40), (MISSES_OF_ANSWERS, 2), (OF_LATER_VERSION, 7), (HITS_OF_ANSWERS, 1)]:
            connection.send(MESSAGE.pack(COUNT, LAYOUT, *count))
        one.process.send_signal(signal.SIGTERM)
        assert connection.recv(1) == b""
        assert one.process.wait(PATIENCE_S) == 0
        assert one.lines()[-1]["nginx_hits"] == 41 and one.lines()[-1]["nginx_misses"] == 2
        wait_until(lambda: complaints(two, "another service hands", "info"), PATIENCE_S)
        with service_on(stack, tmp_path / "three", shared) as three:
            assert_share(stack, two, three)


def test_while_services_make_other_pages_nobody_else_reads_any(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "one", shared):
        first = edition(shared)
        assert first != 0
        with service_on(stack, tmp_path / "other", shared, QA_ANSWERS_PER_QUESTION="2"):
            assert edition(shared) == 0
        wait_until(lambda: edition(shared) == first, PATIENCE_S)


def test_a_reload_brings_an_edition_of_its_own(stack, tmp_path):
    shared, env_file = tmp_path / "shared", tmp_path / "env"
    env_file.touch()
    page = Page(stack)
    with service_on(stack, tmp_path / "service", shared, QA_ENV_FILE=str(env_file)) as service:
        editions = [edition(shared)]
        for setting in ("QA_ANSWERS_PER_QUESTION=0", "QA_CACHE_MB=0", "QA_CACHE_MB=3", ""):
            with worker_of(service) as client:
                shown = page.get(client).json()["results"][0]["answers"]
                assert bool(shown) == (setting != "QA_CACHE_MB=0")
            env_file.write_text(setting)
            reloaded = len(complaints(service, "reloaded", "info"))
            before = set(workers(service.process.pid))
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(complaints(service, "reloaded", "info")) > reloaded, PATIENCE_S)
            wait_until(lambda: not before & set(workers(service.process.pid)), PATIENCE_S)  # they may still respond
            editions.append(edition(shared))
        first, fewer_answers, off, other_size, again = editions
        assert off == 0 and first == other_size == again and fewer_answers not in (0, first)
        assert len(complaints(service, "QA_CACHE_MB has no effect", "warning")) == 1


def test_a_start_waits_for_the_workers_of_a_service_that_was_killed(stack, tmp_path):
    [question] = seed.questions(stack, new_product(), [0])
    shared = tmp_path / "shared"
    with gates.on_commits(stack), contextlib.ExitStack() as services:
        killed = services.enter_context(service_on(stack, tmp_path / "killed", shared))
        with gates.closed(stack, gates.COMMITS), worker_of(killed) as client:
            client.send(request("PUT", f"/qa/questions/{question}/helpful"))
            gates.wait_until_somebody_waits(stack)
            killed.process.kill()
            service = services.enter_context(
                test_process.running(stack, tmp_path, QA_SHARED_FILE=str(shared)))
            wait_until(lambda: catches(service.process.pid, signal.SIGTERM), PATIENCE_S)
        wait_until(service.lines, PATIENCE_S)
        assert killed.no_worker_is_left()
        service.wait_until_ready()


def test_a_start_beside_a_frozen_service_ends_with_the_reason(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "frozen", shared) as frozen, paused([frozen.process.pid]):
        with test_process.running(stack, tmp_path, QA_SHARED_FILE=str(shared),
                                  QA_LOCK_TIMEOUT_MS="1", QA_STATEMENT_TIMEOUT_MS="2",
                                  QA_REQUEST_TIMEOUT_MS="3", QA_DRAIN_TIMEOUT_MS="4") as service:
            assert service.process.wait(PATIENCE_S) != 0
            [line] = service.errors_of_supervisor()
            assert "QA_SHARED_FILE" in line["reason"] and "does not respond" in line["reason"]


def test_a_stop_while_a_start_waits_ends_it_cleanly(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "frozen", shared) as frozen, paused([frozen.process.pid]):
        with test_process.running(stack, tmp_path, QA_SHARED_FILE=str(shared)) as service:
            wait_until(lambda: catches(service.process.pid, signal.SIGTERM), PATIENCE_S)
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(PATIENCE_S) == 0
            assert not service.errors_of_supervisor()


CROWD = """
import contextlib, socket, sys
crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(600)]
for connection in crowd:
    connection.connect("shared.sock")
    with contextlib.suppress(ConnectionError):
        connection.send(bytes.fromhex(sys.argv[1]))
        connection.recv(100)
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_a_user_who_connects_again_and_again_keeps_no_service_and_no_nginx_out(stack, tmp_path):
    shared = tmp_path / "shared"
    tmp_path.chmod(0o755)
    wish = MESSAGE.pack(WISH, LAYOUT, READ, 0).hex()
    with service_on(stack, tmp_path / "one", shared) as one, subprocess.Popen(
            ["/usr/bin/python3", "-c", CROWD, wish], cwd=tmp_path, user="nobody", text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
        assert crowd.stdout.readline() == "here\n"
        assert vouched_ms(shared) != 0
        with service_on(stack, tmp_path / "two", shared) as two:
            assert_share(stack, one, two)
        crowd.stdin.close()


# The file

def remove(shared):
    shared.unlink()


def replace(shared):
    shared.unlink()
    shared.touch()


def remove_socket(shared):
    shared.with_name(f"{shared.name}.sock").unlink()


@pytest.mark.parametrize("harm", [remove, replace])
def test_what_happens_to_the_file_is_mended_and_told_once(stack, tmp_path, harm):
    shared = tmp_path / "shared"
    with (service_on(stack, tmp_path / "one", shared) as one,
          service_on(stack, tmp_path / "two", shared) as two):
        harm(shared)
        wait_until(lambda: complaints(one, REMOVED, "warning"), PATIENCE_S)
        with service_on(stack, tmp_path / "three", shared) as three:
            assert_share(stack, one, two, three)
        assert len(complaints(one, REMOVED, "warning")) == 1
        for service in (one, two):
            assert not service.errors_of_supervisor()


def test_services_that_cannot_find_each_other_say_so_and_see_each_others_votes(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "one", shared) as one:
        with paused([one.process.pid]):
            remove(shared)
            remove_socket(shared)
            other_service = service_on(stack, tmp_path / "other", shared)
            other = other_service.__enter__()
        try:
            wait_until(lambda: complaints(one, REMOVED), PATIENCE_S)
            page = Page(stack)
            with worker_of(one) as client, worker_of(other) as another:
                for votes, (voter, reader) in enumerate([(client, another), (another, client)], 1):
                    votes_on(reader, page)
                    vote(voter, page)
                    wait_until(lambda: votes_on(reader, page) == votes, PATIENCE_S)
            assert len(complaints(one, REMOVED)) == 1
        finally:
            other_service.__exit__(None, None, None)
        wait_until(lambda: complaints(one, REMOVED, "warning"), PATIENCE_S)  # it is whole again
        with service_on(stack, tmp_path / "third", shared) as third:
            assert_share(stack, one, third)


def test_a_service_follows_no_link_as_its_shared_file(stack, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with test_process.running(stack, tmp_path, QA_SHARED_FILE=str(tmp_path / "link")) as service:
        assert service.process.wait(PATIENCE_S) != 0
        [line] = service.errors_of_supervisor()
        assert "symbolic link" in line["reason"]
    assert not (tmp_path / "elsewhere").exists()


# Imports

@pytest.fixture
def target(stack, tmp_path):
    """A migrated database and files for it, which a service of its own serves from a shared file."""
    with stack.migrated_database("shared_" + os.urandom(8).hex()) as url:
        target = test_import.Target(stack, url, tmp_path, state_dir=tmp_path / "service")
        target.write(questions=[test_import.post(1, 7)])
        yield target


@contextlib.contextmanager
def service_of(stack, target):
    folder = target.folder / "service"
    folder.mkdir(exist_ok=True)
    with test_process.running(stack, folder, DATABASE_URL=target.url) as service:
        service.wait_until_ready()
        yield service


def shared_file_of(service):
    [shared] = (service.folder / "run").glob("versions.?")
    return shared


def nothing(_):
    pass


@pytest.mark.parametrize("harm", [nothing, remove])
def test_an_import_tells_the_service_whatever_happened_to_the_file(stack, target, harm):
    with service_of(stack, target) as service, worker_of(service) as client:
        empty = client.ask(request("GET", "/qa/questions?product_id=7")).json()
        assert empty["results"] == []
        harm(shared_file_of(service))
        target.run(test_import.DONE)
        [question] = client.ask(request("GET", "/qa/questions?product_id=7")).json()["results"]
        assert question["question_id"] == 1


def test_an_import_that_told_nobody_of_a_service_that_is_there_says_so(stack, target):
    with service_of(stack, target):
        target.set(QA_SHARED_FILE=str(target.folder / "another"))
        error = target.run(UNTOLD)
        [line] = [line for line in error.splitlines() if "pages may be old" in line]
        assert "QA_SHARED_FILE" in line
        assert target.sql("SELECT count(*) FROM questions") == [(1,)]
        target.set(QA_CACHE_MB="0")  # nobody needs to be told
        target.run(test_import.DONE)


def test_an_import_that_finds_the_shared_file_unusable_does_nothing(target):
    shared = target.folder / "other"
    shared.write_bytes(b"something else")
    target.set(QA_SHARED_FILE=str(shared))
    error = target.run(test_import.FAILED)
    assert "QA_SHARED_FILE" in error and "the database is as it was" in error
    assert target.sql("SELECT count(*) FROM questions") == [(0,)]


@pytest.mark.parametrize("exists", [True, False])
def test_an_import_follows_no_link_in_the_folder_of_the_service(target, exists):
    elsewhere = target.folder / "of-another-user"
    if exists:
        elsewhere.touch()
    shared = target.folder / "link"
    shared.symlink_to(elsewhere)
    target.set(QA_SHARED_FILE=str(shared))
    error = target.run(test_import.FAILED)
    assert "symbolic link" in error and "the database is as it was" in error
    assert elsewhere.exists() == exists
    assert not exists or elsewhere.stat().st_size == 0


def test_an_import_makes_no_shared_file_and_enlarges_none(target):
    shared = target.folder / "nobodys"
    for exists in (False, True):
        target.set(QA_SHARED_FILE=str(shared))
        target.run(test_import.DONE)
        assert shared.exists() == exists
        shared.touch()
    assert shared.stat().st_size == 0
