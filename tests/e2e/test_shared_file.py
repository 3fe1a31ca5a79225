"""QA_SHARED_FILE goes away, is replaced or cut while services use it: that is told, and nothing goes
on as if nothing had happened."""

import contextlib
import os

import pytest

import test_import
import test_process
from api import PATIENCE_S
from stack import wait_until
from test_cache import Page, worker_of
from wire import request

UNTOLD = 4  # of an import
REMOVED = "QA_SHARED_FILE was removed"
# A worker that touches what is missing of a file dies of SIGBUS, also where a sanitizer would report it.
DIES_OF_SIGBUS = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_sigbus=0"}


@contextlib.contextmanager
def service_on(stack, folder, shared, **environment):
    folder.mkdir(exist_ok=True)
    with test_process.running(stack, folder, QA_SHARED_FILE=str(shared), **environment) as service:
        service.wait_until_ready()
        yield service


def complaints(service, text):
    return [line for line in service.lines()
            if line["level"] == "error" and line["message"].startswith(text)]


def vote(client, page):
    assert client.ask(request("PUT", f"/qa/answers/{page.answer}/helpful")).status == 204


def votes_on(client, page):
    [question] = page.get(client).json()["results"]
    return question["answers"][str(page.answer)]["helpfulness"]


def test_a_file_that_was_removed_is_told_once_and_pages_stay_new(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "service", shared) as service:
        page = Page(stack)
        with worker_of(service) as client:
            page.get(client)
            shared.unlink()
            wait_until(lambda: complaints(service, REMOVED), PATIENCE_S)
            page.change_by_hand()  # as a command that finds no file to tell by
            wait_until(lambda: page.is_new(client), PATIENCE_S)
            # several looks later
            page = Page(stack)
            page.get(client)
            page.change_by_hand()
            wait_until(lambda: page.is_new(client), PATIENCE_S)
            vote(client, page)
            assert votes_on(client, page) == 1
        assert len(complaints(service, REMOVED)) == 1


def test_services_with_different_files_of_one_name_see_each_others_votes(stack, tmp_path):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "one", shared) as one:
        shared.unlink()
        with service_on(stack, tmp_path / "other", shared) as other:
            wait_until(lambda: complaints(one, REMOVED), PATIENCE_S)
            page = Page(stack)
            with worker_of(one) as client, worker_of(other) as another:
                for votes, (voter, reader) in enumerate([(client, another), (another, client)], 1):
                    votes_on(reader, page)
                    vote(voter, page)
                    wait_until(lambda: votes_on(reader, page) == votes, PATIENCE_S)


@pytest.mark.parametrize("length", [0, 5000])
def test_a_file_that_was_cut_is_made_whole(stack, tmp_path, length):
    shared = tmp_path / "shared"
    with service_on(stack, tmp_path / "service", shared, **DIES_OF_SIGBUS) as service:
        whole = shared.stat().st_size
        page = Page(stack)
        with worker_of(service) as client:
            votes_on(client, page)
            os.truncate(shared, length)
            with contextlib.suppress(OSError):
                page.get(client)  # its worker dies, unless the file is whole already
        wait_until(lambda: complaints(service, "QA_SHARED_FILE was truncated"), PATIENCE_S)
        wait_until(lambda: shared.stat().st_size == whole, PATIENCE_S)
        service.wait_until_ready()
        assert service.process.poll() is None
        with worker_of(service) as client:
            for votes in range(1, 6):
                vote(client, page)
                assert votes_on(client, page) == votes


# Imports

@pytest.fixture
def target(stack, tmp_path):
    """A migrated database and files for it, which a service of its own serves from a shared file."""
    with stack.empty_database("shared_" + os.urandom(8).hex()) as url:
        target = test_import.Target(stack, url, tmp_path, state_dir=tmp_path / "service")
        target.finish(target.start("migrate"), test_import.DONE)
        target.write(questions=[test_import.post(1, 7)])
        yield target


def test_an_import_that_tells_the_service_ends_with_0(stack, tmp_path, target):
    with service_of(stack, target) as service:
        with worker_of(service) as client:
            empty = client.ask(request("GET", "/qa/questions?product_id=7")).json()
            assert empty["results"] == []
            target.run(test_import.DONE)
            [question] = client.ask(request("GET", "/qa/questions?product_id=7")).json()["results"]
            assert question["question_id"] == 1


@contextlib.contextmanager
def service_of(stack, target):
    folder = target.folder / "service"
    folder.mkdir(exist_ok=True)
    with test_process.running(stack, folder, DATABASE_URL=target.url) as service:
        service.wait_until_ready()
        yield service


def shared_file_of(service):
    [shared] = (service.folder / "run").glob("versions*")
    return shared


@pytest.mark.parametrize("how", ["removed", "replaced", "elsewhere"])
def test_an_import_that_told_nobody_of_a_service_that_is_there_says_so(stack, target, how):
    with service_of(stack, target) as service:
        if how == "elsewhere":
            target.set(QA_SHARED_FILE=str(target.folder / "another"))
        else:
            shared = shared_file_of(service)
            shared.unlink()
            if how == "replaced":
                shared.touch()
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


def test_a_service_follows_no_link_as_its_shared_file(stack, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with test_process.running(stack, tmp_path, QA_SHARED_FILE=str(tmp_path / "link")) as service:
        assert service.process.wait(PATIENCE_S) != 0
        [line] = service.errors_of_supervisor()
        assert "symbolic link" in line["reason"]
    assert not (tmp_path / "elsewhere").exists()
