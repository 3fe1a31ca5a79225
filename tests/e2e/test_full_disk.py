"""Disks that are full, or fill up: what needs one is told at the start, and nothing dies later."""

import contextlib
import os
import subprocess

import pytest

import seed
import test_process
from api import PATIENCE_S, ask, new_product
from stack import paused, wait_until
from test_cache import worker_of
from test_shared_file import DIES_OF_SIGBUS, complaints
from wire import request

MEGABYTE = 1024 * 1024


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of so many bytes, mounted on a new folder."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"nobody may mount here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder):
    with (folder / "rest").open("wb", buffering=0) as rest, contextlib.suppress(OSError):
        while rest.write(bytes(4096)):
            pass
    assert os.statvfs(folder).f_bfree == 0


def test_a_service_whose_shared_file_has_no_room_says_so_and_ends(stack, tmp_path):
    with (small_disk(tmp_path / "disk", MEGABYTE) as disk,
          test_process.running(stack, tmp_path, QA_SHARED_FILE=str(disk / "shared")) as service):
        assert service.process.wait(PATIENCE_S) != 0
        [line] = service.errors_of_supervisor()
        assert "QA_SHARED_FILE" in line["reason"] and "No space left on device" in line["reason"]


def test_a_disk_that_fills_up_costs_no_request(stack, tmp_path):
    with (small_disk(tmp_path / "disk", 12 * MEGABYTE) as disk,
          test_process.running(stack, tmp_path, QA_SHARED_FILE=str(disk / "shared")) as service):
        service.wait_until_ready()
        fill(disk)
        with contextlib.closing(service.connection()) as connection:
            for _ in range(50):  # each question has its own place in the file
                product = new_product()
                [question] = seed.questions(stack, product, [0])
                assert ask(connection, "PUT", f"/qa/questions/{question}/helpful").status_code == 204
                shown = ask(connection, "GET", f"/qa/questions?product_id={product}").json()
                assert shown["results"][0]["question_helpfulness"] == 1
                assert ask(connection, "GET", "/readyz").status_code == 200
        assert not service.errors_of_supervisor()
        assert test_process.children(service.process.pid) == service.workers


@pytest.mark.parametrize("length", [0, 5000])
def test_a_file_that_is_cut_on_a_full_disk_is_made_whole_when_there_is_room(stack, tmp_path, length):
    with (small_disk(tmp_path / "disk", 12 * MEGABYTE) as disk,
          test_process.running(stack, tmp_path, QA_SHARED_FILE=str(disk / "shared"),
                               **DIES_OF_SIGBUS) as service):
        service.wait_until_ready()
        with paused([service.process.pid]):
            os.truncate(disk / "shared", length)
            fill(disk)
        wait_until(lambda: complaints(service, "the shared file cannot be made whole"))
        with contextlib.ExitStack() as clients:
            for _ in range(4):  # a worker that touches the file dies, and no other can start
                dead = len(complaints(service, "a worker died"))
                client = clients.enter_context(worker_of(service))
                client.send(request("GET", f"/qa/questions?product_id={new_product()}"))
                wait_until(lambda: service.process.poll() is not None
                           or len(complaints(service, "a worker died")) > dead)
        assert service.process.poll() is None
        [line] = complaints(service, "the shared file cannot be made whole")
        assert "No space left on device" in line["reason"]
        (disk / "rest").unlink()
        service.wait_until_ready()
        with contextlib.closing(service.connection()) as connection:
            for _ in range(50):
                product = new_product()
                [question] = seed.questions(stack, product, [0])
                assert ask(connection, "PUT", f"/qa/questions/{question}/helpful").status_code == 204
        assert len(complaints(service, "QA_SHARED_FILE was truncated")) == 1


@pytest.mark.parametrize("arguments", [["version"], ["settings"], ["serve", "--help"]], ids=" ".join)
def test_a_command_whose_output_is_lost_does_not_end_well(stack, arguments):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([stack.program, *arguments], stdout=full, stderr=subprocess.PIPE,
                              text=True)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "No space left on device" in line
