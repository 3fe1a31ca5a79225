"""Disks that are full, or fill up: what needs one is told at the start, and nothing dies later."""

import contextlib
import os
import subprocess

import pytest

import seed
import test_process
from api import ask, new_product

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


def test_a_full_disk_under_the_shared_file_costs_no_request(stack, tmp_path):
    with small_disk(tmp_path / "disk", MEGABYTE) as disk, contextlib.ExitStack() as services:
        fill(disk)
        service = services.enter_context(
            test_process.running(stack, tmp_path, QA_SHARED_FILE=str(disk / "shared")))
        service.wait_until_ready()
        with contextlib.closing(service.connection()) as connection:
            for _ in range(10):
                product = new_product()
                [question] = seed.questions(stack, product, [0])
                assert ask(connection, "PUT", f"/qa/questions/{question}/helpful").status_code == 204
                shown = ask(connection, "GET", f"/qa/questions?product_id={product}").json()
                assert shown["results"][0]["question_helpfulness"] == 1
                assert ask(connection, "GET", "/readyz").status_code == 200
        assert not service.errors_of_supervisor()
        assert test_process.workers(service.process.pid) == service.workers


@pytest.mark.parametrize("arguments", [["version"], ["settings"], ["serve", "--help"]], ids=" ".join)
def test_a_command_whose_output_is_lost_does_not_end_well(stack, arguments):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([stack.program, *arguments], stdout=full, stderr=subprocess.PIPE,
                              text=True)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "No space left on device" in line
