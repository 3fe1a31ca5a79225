"""deploy/stack.sh: a start repairs what it finds, a stop leaves nothing, and both tell why not."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess

import psycopg2
import pytest

from api import PATIENCE_S, Api
from conftest import running
from stack import CHECKOUT, free_port, wait_until
from test_tls import make_certificate

pytestmark = pytest.mark.same_with_sanitizers("deploy/stack/, which is Python")


def processes(stack):
    return [stack.nginx_pid(), stack.supervisor_pid(), stack.postmaster_pid()]


def test_a_port_in_use_is_told_and_nothing_is_left_running(fault_stack):
    stack = fault_stack
    stack.stop()
    try:
        with socket.create_server(("127.0.0.1", stack.port)):
            result = stack.stack_sh("start")
        assert result.returncode != 0
        assert f"port {stack.port} is in use" in result.stdout
        assert processes(stack) == [None, None, None]
    finally:
        stack.start()


def test_a_start_leaves_no_error_in_any_log():
    with running(from_nothing=True, QA_SAMPLE_PRODUCTS="0") as stack:
        assert (stack.folder / "log/nginx-error.log").read_text() == ""
        assert [line for line in stack.log() if line["level"] not in ("debug", "info")] == []


def test_a_start_of_what_runs_changes_nothing(fault_stack):
    before = processes(fault_stack), fault_stack.worker_pids()
    fault_stack.start()
    assert (processes(fault_stack), fault_stack.worker_pids()) == before


def test_workers_and_nginx_let_the_process_that_computes_finish(fault_stack):
    for pid in [*fault_stack.worker_pids(), *fault_stack.nginx_workers()]:
        assert os.sched_getscheduler(pid) == os.SCHED_BATCH


def test_a_stop_leaves_nothing_and_a_second_one_is_fine(fault_stack):
    before = [*processes(fault_stack), *fault_stack.worker_pids()]
    try:
        for _ in range(2):
            fault_stack.stop()
            assert not [pid for pid in before if os.path.exists(f"/proc/{pid}/cwd")]
    finally:
        fault_stack.start()


def test_ctrl_c_ends_all_that_run_started(fault_stack):
    fault_stack.stop()
    try:
        with fault_stack.in_foreground() as run:
            fault_stack.wait_until_ready()
            os.killpg(run.pid, signal.SIGINT)
            run.wait(PATIENCE_S)
        assert processes(fault_stack) == [None, None, None]
    finally:
        fault_stack.start()


def test_after_a_power_failure_the_next_start_works_and_the_data_are_there(fault_stack):
    api = Api(fault_stack.base_url)
    api.add_question(20)
    before = api.questions(20, count=1000)
    for pid in processes(fault_stack):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: processes(fault_stack) == [None, None, None])
    leftovers = [fault_stack.folder / "run" / name for name in ("worker77.sock", "versions.3")]
    for leftover in leftovers:
        leftover.touch()
    fault_stack.start()
    assert api.questions(20, count=1000) == before
    assert not [leftover for leftover in leftovers if leftover.exists()]


def test_what_the_database_held_in_memory_is_there_again_after_a_restart(fault_stack):
    fault_stack.sql("CREATE EXTENSION IF NOT EXISTS pg_buffercache")

    def pages_of_answers():
        return fault_stack.sql("SELECT count(*) FROM pg_buffercache WHERE relfilenode ="
                               " pg_relation_filenode('answers')")[0][0]

    fault_stack.sql("SELECT sum(length(body)) FROM answers")
    before = pages_of_answers()
    assert before > 0
    fault_stack.stop_database()
    fault_stack.start()
    wait_until(lambda: pages_of_answers() >= before)  # nobody has asked for them


def test_a_start_says_which_part_had_ended_and_starts_it(fault_stack):
    for pid, part in zip(processes(fault_stack), ["nginx", "service", "postgres"]):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not processes(fault_stack)[["nginx", "service", "postgres"].index(part)])
        result = fault_stack.stack_sh("start")
        assert result.returncode == 0, result.stdout
        assert [line for line in result.stdout.splitlines() if "has ended" in line] == \
            [f"{part} has ended: starting it again"]
        fault_stack.wait_until_ready()


def copies_rows(stack):
    with contextlib.suppress(psycopg2.Error):  # PostgreSQL may not be there yet
        return stack.sql("SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 0")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_sample_data_whose_load_was_cut_short_come_whole_with_the_next_start(number):
    sample = {"QA_SAMPLE_PRODUCTS": "20000"}
    with running(QA_SAMPLE_PRODUCTS="0") as stack:
        assert stack.sql("SELECT count(*) FROM sample_data") == [(0,)]
        stack.stop()
        with stack.in_foreground(**sample) as run:
            wait_until(lambda: copies_rows(stack))
            os.killpg(run.pid, number)
            run.wait(PATIENCE_S)
        if number == signal.SIGINT:
            assert processes(stack) == [None, None, None]
        result = stack.stack_sh("start", **sample)
        assert result.returncode == 0, result.stdout
        assert "answers_photos.csv: 41275 rows read, 41275 imported" in result.stdout
        assert stack.sql("SELECT count(*) FROM sample_data") == [(1,)]
        assert stack.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^atelier'") == []
        assert not (stack.folder / "sample").exists()


def test_a_wrong_setting_is_told_and_nothing_is_left_running(fault_stack):
    fault_stack.stop()
    try:
        for name, value in [("QA_LOG_LEVEL", "loud"), ("PORT", "99999"), ("QA_RATE_LIMIT", "fast"),
                            ("QA_CORS_ORIGINS", "https://a;b"), ("QA_READ_CONNECTIONS", "abc"),
                            ("QA_WORKERS", "abc"), ("QA_DRAIN_TIMEOUT_MS", "abc"),
                            ("QA_SAMPLE_PRODUCTS", "abc"), ("QA_RATE_BURST", "abc"),
                            ("PORT", "08080"), ("QA_ENV_FILE", "/nonexistent/file")]:
            result = fault_stack.stack_sh("start", **{name: value})
            assert result.returncode != 0
            [line] = result.stdout.splitlines()
            assert name in line
            assert processes(fault_stack) == [None, None, None]
    finally:
        fault_stack.start()


def test_a_wrong_setting_does_not_keep_a_stack_from_stopping(fault_stack):
    try:
        result = fault_stack.stack_sh("stop", QA_DRAIN_TIMEOUT_MS="abc")
        assert result.returncode == 0
        assert "QA_DRAIN_TIMEOUT_MS" in result.stdout.splitlines()[0]
        assert processes(fault_stack) == [None, None, None]
    finally:
        fault_stack.start()


def test_what_a_settings_file_says_to_nginx_and_the_stack_has_effect(fault_stack):
    fault_stack.stop()
    try:
        with fault_stack.env_file("export QA_RATE_LIMIT='7r/s'\nQA_READ_CONNECTIONS = 3\n"
                                  "QA_CORS_ORIGIN=typing.error\n"):
            result = fault_stack.stack_sh("start")
            assert result.returncode != 0
            assert "line 3: QA_CORS_ORIGIN is not a setting" in result.stdout
        with fault_stack.env_file("export QA_RATE_LIMIT='7r/s'\nQA_READ_CONNECTIONS = 3\n"):
            fault_stack.start()
            assert "rate=7r/s" in (fault_stack.folder / "nginx/http.conf").read_text()
            wait_until(lambda: len(fault_stack.backends()) == 2 * 7)
            fault_stack.stop()
    finally:
        fault_stack.start()


def test_a_reload_takes_a_renewed_certificate_of_which_only_the_start_was_told(fault_stack):
    certificate, key = (fault_stack.folder / "secrets" / name for name in ("shop.pem", "shop.key"))
    port = free_port()

    def renew():
        make_certificate(certificate, key)
        shutil.chown(key, fault_stack.folder.owner())
        return ssl.PEM_cert_to_DER_cert(certificate.read_text())

    def presented():
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("localhost", port)))

    fault_stack.stop()
    try:
        first = renew()
        with fault_stack.env_file(f"QA_TLS_CERTIFICATE={certificate}\nQA_TLS_KEY={key}\nQA_TLS_PORT={port}\n"):
            fault_stack.start()
        assert presented() == first
        renewed = renew()
        assert fault_stack.stack_sh("reload").returncode == 0
        assert presented() == renewed
    finally:
        fault_stack.stop()
        fault_stack.start()
    assert list((fault_stack.folder / "nginx").glob("tls.pem*")) == []


def test_a_database_that_a_settings_file_names_is_used(fault_stack, tmp_path):
    with running(QA_SAMPLE_PRODUCTS="0") as other:
        other.stop()
        with other.env_file(f"DATABASE_URL={fault_stack.serving_url}\n"
                            f"QA_OWNER_DATABASE_URL={fault_stack.owner_url}\n"):
            other.start()
            assert other.postmaster_pid() is None
            assert Api(other.base_url).questions(1) == Api(fault_stack.base_url).questions(1)
            other.stop()
        other.start()


def test_the_hint_how_to_stop_is_what_a_shell_understands(fault_stack, configured_stack):
    for stack in (fault_stack, configured_stack):
        told = stack.stack_sh("status").stdout
        [hint] = re.findall(r"^  stop +(.*) make stop$", told, re.M)
        shell = subprocess.run(["bash", "-c", f'{hint}; printf %s "$QA_STATE_DIR"'], text=True,
                               capture_output=True)
        assert shell.stdout == str(stack.folder)


def test_the_hint_how_to_stop_names_what_named_the_state_directory(fault_stack):
    fault_stack.stop()
    try:
        with fault_stack.env_file(f"QA_STATE_DIR={fault_stack.folder}\n"):
            told = fault_stack.stack_sh("start", QA_STATE_DIR="").stdout
        [hint] = re.findall(r"^  stop +(.*) make stop$", told, re.M)
        assert hint == f"QA_ENV_FILE={fault_stack.folder}/settings.env"
    finally:
        fault_stack.start()


@pytest.mark.skipif(not shutil.which("git"), reason="no git, no checkout to keep clean")
def test_git_ignores_the_state_directory_also_where_it_is_a_link(tmp_path):
    """As stack.sh makes it for root where the service's user may not go."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    shutil.copy(CHECKOUT / ".gitignore", tmp_path)
    (tmp_path / ".local").symlink_to(tmp_path.parent)
    status = subprocess.run(["git", "-C", tmp_path, "status", "--porcelain"], text=True,
                            capture_output=True, check=True)
    assert status.stdout == "?? .gitignore\n"


def test_a_second_run_says_how_to_end_the_first_and_a_part_that_ends_ends_it(fault_stack):
    fault_stack.stop()
    try:
        with fault_stack.in_foreground() as run:
            fault_stack.wait_until_ready()
            wait_until(lambda: (fault_stack.folder / "started").exists())
            second = fault_stack.stack_sh("run")
            assert second.returncode != 0
            assert "running in the foreground elsewhere; to end it: " in second.stdout
            assert run.poll() is None
            os.kill(fault_stack.supervisor_pid(), signal.SIGKILL)
            assert run.wait(PATIENCE_S) != 0
        assert processes(fault_stack) == [None, None, None]
    finally:
        fault_stack.start()


def test_a_start_that_is_interrupted_leaves_nothing_running(fault_stack):
    fault_stack.stop()
    try:
        with fault_stack.in_foreground() as run:
            wait_until(fault_stack.postmaster_pid)
            run.terminate()
            run.wait(PATIENCE_S)
        assert processes(fault_stack) == [None, None, None]
    finally:
        fault_stack.start()
