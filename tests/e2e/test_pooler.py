"""A connection pooler between the program and PostgreSQL: PgBouncer in each of its modes."""

import os
import subprocess

import pytest

import test_process
from api import PATIENCE_S, ask
from pooler import pooler, version
from stack import wait_until

# The pooler gives a server connection to whoever asks next, to the one that waits longest, to
# everybody in turn.
HABITS = [{}, {"server_round_robin": 1}, {"default_pool_size": 1},
          {"server_round_robin": 1, "min_pool_size": 5}]


def newer(**settings):
    """Settings that PgBouncer has since 1.21."""
    return [settings] if version() >= (1, 21) else []


def run(stack, *arguments, **environment):
    return subprocess.run([stack.program, *arguments], env={**os.environ, **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S)


def assert_refused(result, setting):
    assert result.returncode == 1, result
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith(f"atelier-qa: {setting}: ")
    assert "pool_mode = session" in line


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("habits", HABITS)
def test_one_that_mixes_sessions_up_is_refused_in_one_line(stack, tmp_path, mode, habits):
    with pooler(stack.serving_url, mode, **habits) as url:
        assert_refused(run(stack, "serve", DATABASE_URL=url, QA_STATE_DIR=str(tmp_path)),
                       "DATABASE_URL")


def test_migrate_and_import_refuse_it_too(stack, tmp_path):
    with pooler(stack.owner_url, "transaction") as url:
        assert_refused(run(stack, "migrate", DATABASE_URL=stack.serving_url,
                           QA_OWNER_DATABASE_URL=url), "QA_OWNER_DATABASE_URL")
        (tmp_path / "questions.csv").touch()
        assert_refused(run(stack, "import", str(tmp_path), DATABASE_URL=url), "DATABASE_URL")


def test_one_by_session_serves(stack, tmp_path):
    with pooler(stack.serving_url, "session") as url:
        with test_process.running(stack, tmp_path, DATABASE_URL=url) as service:
            service.wait_until_ready()
            answer = ask(service.connection(), "GET", "/qa/questions?product_id=1")
            assert answer.status_code == 200
            assert ask(service.connection(), "PUT", "/qa/questions/1/helpful").status_code == 204
            assert "error" not in {line["level"] for line in service.lines()}


@pytest.mark.parametrize("habits", [{}, {"server_reset_query_always": 1},
                                    *newer(max_prepared_statements=100)])
def test_one_that_appears_later_is_told_by_the_workers(stack, tmp_path, habits):
    habits = {"default_pool_size": 1, **habits}
    with pooler(stack.serving_url, "transaction", **habits) as url:
        pass
    with test_process.running(stack, tmp_path, DATABASE_URL=url) as service:
        wait_until(lambda: any("Connection refused" in str(line) for line in service.lines()))
        port = int(dict(part.split("=") for part in url.split())["port"])
        with pooler(stack.serving_url, "transaction", listen_port=port, **habits):
            wait_until(lambda: any("pool_mode = session" in str(line)
                                   for line in service.lines()))
