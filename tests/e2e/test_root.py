"""A stack that root starts: what the service's user plants in its folder harms nobody else."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from conftest import running
from stack import CHECKOUT, sanitizer_of_nginx, wait_until

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="not root"),
              pytest.mark.same_with_sanitizers("deploy/stack/, which is Python")]

WRITTEN = ["port", "started", "foreground", "service.pid", "bin/atelier-qa.new", "nginx/nginx.pid",
           "nginx/nginx.conf", "nginx/error-pages.conf", "nginx/headers.conf", "nginx/files.conf",
           "nginx/page-headers.conf", "nginx/tls.conf", "nginx/edge.conf", "nginx/plain.conf",
           "nginx/log-maps.conf", "nginx/main.conf", "nginx/listen.conf", "nginx/workers.conf", "nginx/http.conf", "nginx/cors.conf",
           "log/access.log", "log/nginx-error.log", "log/nginx-start.log", "log/service.log",
           "log/initdb.log", "log/migrate.log", "log/postgres.log", "postgres/stack.conf",
           "postgres/pg_hba.conf", "postgres/pg_ident.conf", "secrets/owner-url.new",
           "secrets/service-url.new", "secrets/owner-password.new"]


@pytest.fixture(scope="module")
def stack():
    with running(QA_SAMPLE_PRODUCTS="0") as stack:
        yield stack


@pytest.fixture
def of_root(tmp_path):
    """A file that only root may change."""
    file = tmp_path / "of-root"
    file.write_text("untouched\n")
    return file


def as_service_user(stack, *command):
    owner = stack.folder.stat()
    subprocess.run(["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}",
                    "--clear-groups", *command], cwd=stack.folder, check=True)


def processes_of_root(stack):
    """Those that work in the stack's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == 0 and stack.folder in (process / "cwd").readlink().parents:
                found.append(process.name)
        except OSError:
            continue
    return found


def test_nothing_runs_as_root_and_nothing_belongs_to_root(stack):
    assert processes_of_root(stack) == []
    assert [path for path in stack.folder.rglob("*") if path.lstat().st_uid == 0
            and path.name != "settings.env"] == []


@pytest.mark.parametrize("command", ["start", "stop", "status"])
def test_links_that_the_services_user_plants_change_no_file_of_root(stack, of_root, command):
    stack.stop()
    before = of_root.stat()
    try:
        for name in WRITTEN:
            kept = stack.folder / f"{name}.kept"
            if (stack.folder / name).exists():
                as_service_user(stack, "mv", name, kept)
            as_service_user(stack, "ln", "-s", of_root, name)
        stack.stack_sh(command)
        assert processes_of_root(stack) == []
        assert of_root.read_text() == "untouched\n"
        after = of_root.stat()
        assert (after.st_uid, after.st_gid, after.st_mode) == \
            (before.st_uid, before.st_gid, before.st_mode)
    finally:
        for name in WRITTEN:
            (stack.folder / name).unlink(missing_ok=True)
            kept = stack.folder / f"{name}.kept"
            if kept.exists():
                as_service_user(stack, "mv", kept, name)
    stack.start()


def test_a_line_added_to_nginx_s_configuration_does_not_run_as_root(stack, tmp_path):
    created = tmp_path / "created"
    as_service_user(stack, "sh", "-c", f'echo "error_log {created};" >>nginx/main.conf')
    os.kill(stack.nginx_pid(), signal.SIGHUP)
    stack.stop()
    stack.start()
    assert not created.exists()


def test_a_program_in_the_folder_does_not_run_as_root(stack, of_root):
    """`status` and `stop` take nothing from there."""
    script = f"#!/bin/sh\necho changed >>{of_root}\n"
    (stack.folder / "evil").write_text(script)
    (stack.folder / "evil").chmod(0o755)
    for name in ("bin/atelier-qa", "bin/nginx"):
        as_service_user(stack, "cp", "--remove-destination", "evil", name)
    for command in ("status", "stop", "start"):
        stack.stack_sh(command)
    assert of_root.read_text() == "untouched\n"


def test_a_number_in_a_pid_file_ends_no_process_of_root(stack):
    stack.stop()
    with subprocess.Popen(["sleep", "600"], cwd=stack.folder / "bin") as stranger:
        try:
            as_service_user(stack, "sh", "-c", f"echo {stranger.pid} >service.pid")
            stack.stop()
            assert stranger.poll() is None
        finally:
            stranger.kill()
    stack.start()


def test_an_nginx_that_an_earlier_version_started_as_root_is_replaced(stack):
    os.kill(stack.nginx_pid(), 15)
    wait_until(lambda: not stack.nginx_pid())
    subprocess.run(["nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr"],
                   cwd=stack.folder / "nginx", check=True, stderr=subprocess.DEVNULL,
                   env={**os.environ, **sanitizer_of_nginx()})
    assert processes_of_root(stack)
    stack.start()
    assert processes_of_root(stack) == []


def test_root_configures_no_folder_of_somebody_else(tmp_path):
    shutil.chown(tmp_path, "postgres")
    result = subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", tmp_path], text=True,
                            stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert "must belong to root" in result.stderr
    assert list(tmp_path.iterdir()) == []
