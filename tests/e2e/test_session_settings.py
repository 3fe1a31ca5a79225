"""What the server, a database or a role has by default changes nothing that the service does; what
the service cannot set itself is refused in one line."""

import csv
import json
import os
import subprocess
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

import test_import
import test_process
from api import ANSWER, PATIENCE_S, QUESTION, ask
from stack import wait_until

IDLE_MS = 300
MIGRATIONS = Path(__file__).parents[2] / "sql/migrations"

DEFAULTS = {
    "search_path": "decoy, pg_catalog", "client_encoding": "LATIN1",
    "standard_conforming_strings": "off", "array_nulls": "off", "transform_null_equals": "on",
    "quote_all_identifiers": "on", "bytea_output": "escape", "extra_float_digits": "-15",
    "DateStyle": "German, DMY", "IntervalStyle": "sql_standard", "TimeZone": "Asia/Kathmandu",
    "xmloption": "document", "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "row_security": "off", "check_function_bodies": "off", "synchronous_commit": "off",
    "exit_on_error": "on", "lock_timeout": "1ms", "statement_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "1ms", "idle_session_timeout": f"{IDLE_MS}ms",
    "client_min_messages": "debug1", "enable_indexscan": "off", "enable_nestloop": "off",
    "lc_messages": "C", "backslash_quote": "off", "escape_string_warning": "on", "jit": "on",
    "plan_cache_mode": "force_custom_plan",
}
TEXT = "na\u00efve \u2014 \u65e5\u672c \U0001f600 \\' \\u0041 NULL"


@pytest.fixture
def make_database(stack):
    """Makes an empty one, for the superuser, with the options of CREATE DATABASE; its name."""
    made = []

    def make(options=""):
        made.append("defaults_" + uuid.uuid4().hex)
        stack.sql(f"CREATE DATABASE {made[-1]} {options}")
        return made[-1]

    yield make
    for name in made:
        stack.sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def cursor_on(stack, database):
    """One that commits each statement, and that no default ends."""
    options = "-c exit_on_error=off -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0"
    with stack.database(f"{stack.superuser_url(database)}&options={quote(options)}") as cursor:
        cursor.connection.autocommit = True
        cursor.connection.set_client_encoding("UTF8")
        yield cursor


@pytest.fixture
def database(stack, make_database):
    """One in which the superuser has all of DEFAULTS, with tables and functions that stand in for
    others."""
    database = make_database()
    with cursor_on(stack, database) as cursor:
        cursor.execute("""
            CREATE SCHEMA decoy;
            CREATE TABLE decoy.questions (id bigint);
            CREATE TABLE decoy.schema_migrations (name text PRIMARY KEY, applied_at timestamptz);
            CREATE FUNCTION decoy.set_config(text, text, boolean) RETURNS text
                LANGUAGE sql RETURN 'nothing was set'""")
    for name, value in DEFAULTS.items():
        value = value if name in ("search_path", "DateStyle") else f"'{value}'"
        stack.sql(f"ALTER ROLE postgres IN DATABASE {database} SET {name} = {value}")
    return database


def run(stack, folder, *arguments, **settings):
    return subprocess.run([stack.program, *arguments], text=True, capture_output=True,
                          timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
                          env={**os.environ, "QA_STATE_DIR": str(folder), **settings})


def post(connection, target, fields):
    answer = ask(connection, "POST", target, json.dumps(fields).encode())
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_defaults_of_roles_change_nothing(stack, database, tmp_path):
    url = stack.superuser_url(database)
    target = test_import.Target(stack, url, tmp_path, state_dir=tmp_path)
    target.write(questions=[test_import.post(1, 7, body=TEXT)],
                 answers=[test_import.post(1, 1, body=TEXT, email="")],
                 answers_photos=[test_import.photo(1, 1)])
    for command in (["migrate"], ["import", tmp_path]):
        done = run(stack, tmp_path, *command, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
    with (test_process.running(stack, tmp_path, DATABASE_URL=url) as service,
          closing(service.connection()) as connection):
        service.wait_until_ready()
        sessions = ("SELECT pid FROM pg_stat_activity WHERE datname = %s"
                    " AND application_name = 'atelier-qa' ORDER BY pid")
        wait_until(lambda: len(stack.sql(sessions, database)) == 12, PATIENCE_S)
        before = stack.sql(sessions, database)
        [imported] = ask(connection, "GET", "/qa/questions?product_id=7").json()["results"]
        assert imported["question_body"] == imported["answers"]["1"]["body"] == TEXT
        assert imported["question_date"] == "2018-10-06T20:00:00.000Z"

        question = post(connection, "/qa/questions", {**QUESTION, "product_id": 7, "body": TEXT})
        answers = f"/qa/questions/{question['question_id']}/answers"
        answer = post(connection, answers, {**ANSWER, "body": TEXT, "photos": ["/NULL"]})
        for kind, number in (("questions", question["question_id"]),
                             ("answers", answer["answer_id"])):
            target = f"/qa/{kind}/{number}/helpful"
            assert ask(connection, "PUT", target).status_code == 204
            # an error of PostgreSQL ends no session
            assert ask(connection, "PUT", f"/qa/{kind}/987654321/helpful").status_code == 404
        [shown] = ask(connection, "GET", answers).json()["results"]
        assert shown == {**answer, "helpfulness": 1} and shown["body"] == TEXT
        assert [photo["url"] for photo in shown["photos"]] == ["/NULL"]
        assert ask(connection, "PUT", f"/qa/answers/{answer['answer_id']}/report").status_code == 204
        assert ask(connection, "GET", answers).json()["results"] == []
        with cursor_on(stack, database) as cursor:
            cursor.execute("SELECT body FROM public.questions WHERE id = %s"
                           " AND now() - created_at < interval '1 hour'", [question["question_id"]])
            assert cursor.fetchall() == [(TEXT,)]
        # each session is idle for longer than its role's default allows
        wait_until(lambda: stack.sql(
            "SELECT bool_and(now() - state_change > %s * interval '3 ms') FROM pg_stat_activity"
            " WHERE datname = %s AND application_name = 'atelier-qa'", IDLE_MS,
            database) == [(True,)], PATIENCE_S)
        assert stack.sql(sessions, database) == before
        assert not [line for line in service.lines() if line["level"] in ("warning", "error")]
    exported = tmp_path / "exported"
    done = subprocess.run([test_import.EXPORT_SH, url, exported], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == 0 and not done.stdout, done
    for name in test_import.FILES:
        with (exported / f"{name}.csv").open(encoding="utf-8") as file:
            [first, *_] = csv.DictReader(file)
        assert first["id"] == "1" and first.get("body", TEXT) == TEXT


def test_tables_in_a_schema_of_their_own_are_found_by_its_path(stack, make_database, tmp_path):
    """As a version left them that made its tables where the path led."""
    database = make_database()
    url = stack.superuser_url(database)
    with cursor_on(stack, database) as cursor:
        cursor.execute("CREATE SCHEMA shop; CREATE SCHEMA later; SET search_path = shop;"
                       "CREATE TABLE schema_migrations (name text PRIMARY KEY,"
                       " applied_at timestamptz NOT NULL DEFAULT now())")
        for path in sorted(MIGRATIONS.glob("000[1-7]*.sql")):
            cursor.execute(path.read_text())
            cursor.execute("RESET search_path; SET search_path = shop")
            cursor.execute("INSERT INTO schema_migrations VALUES (%s)", [path.stem])
        cursor.execute(f"ALTER DATABASE {database} SET search_path = later, shop, public")
    done = run(stack, tmp_path, "migrate", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    with (test_process.running(stack, tmp_path, DATABASE_URL=url) as service,
          closing(service.connection()) as connection):
        service.wait_until_ready()
        post(connection, "/qa/questions", {**QUESTION, "product_id": 7})
        assert len(ask(connection, "GET", "/qa/questions?product_id=7").json()["results"]) == 1
    with cursor_on(stack, database) as cursor:
        cursor.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'questions'")
        assert cursor.fetchall() == [("shop",)]


COMMANDS = [["serve"], ["serve", "--check"], ["migrate"], ["import", "--questions", "questions.csv"]]


def assert_refused(stack, folder, command, url, *words):
    (folder / "questions.csv").write_text(test_import.FILES["questions"] + "\n")
    done = run(stack, folder, *[str(folder / word) if word == "questions.csv" else word
                                for word in command],
               DATABASE_URL=url, QA_OWNER_DATABASE_URL=url)
    assert done.returncode == 1, done
    [line] = [line for line in (done.stdout + done.stderr).splitlines()
              if all(word in line for word in words)]
    assert "\\n" not in line


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_that_is_not_utf_8_is_refused(stack, make_database, tmp_path, encoding, command):
    database = make_database(f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    assert_refused(stack, tmp_path, command, stack.superuser_url(database), encoding, "UTF8")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_role_whose_sessions_run_no_triggers_is_refused(stack, make_database, tmp_path, command):
    database = make_database()
    stack.sql(f"ALTER ROLE postgres IN DATABASE {database}"
              " SET session_replication_role = 'replica'")
    assert_refused(stack, tmp_path, command, stack.superuser_url(database),
                   "session_replication_role", "postgres")
