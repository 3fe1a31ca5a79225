"""`atelier-qa migrate`: any number of times, from any number of hosts."""

import os
import subprocess
import uuid

import pytest


@pytest.fixture
def database(stack):
    """The connection string of an empty database of the owner."""
    name = "migrate_" + uuid.uuid4().hex
    with stack.empty_database(name) as url:
        yield url


def start_migrate(stack, url):
    environment = {**os.environ, "DATABASE_URL": url, "QA_OWNER_DATABASE_URL": url}
    return subprocess.Popen([stack.program, "migrate"], env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def migrate(stack, url):
    process = start_migrate(stack, url)
    output = process.communicate(timeout=30)
    assert process.returncode == 0, output


def schema(stack, url):
    """What the migrations made: every table, column, index and constraint, and the versions."""
    with stack.database(url) as cursor:
        cursor.execute("""
            SELECT relname, attname, format_type(atttypid, atttypmod) FROM pg_attribute
                JOIN pg_class ON pg_class.oid = attrelid
                WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid)
                FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            ORDER BY 1, 2, 3""")
        objects = cursor.fetchall()
        cursor.execute("SELECT * FROM schema_migrations ORDER BY 1")
        return objects, cursor.fetchall()


def test_an_empty_database_becomes_the_one_that_serves(stack, database):
    migrate(stack, database)
    objects, versions = schema(stack, database)
    assert {"questions", "answers", "answers_photos"} <= {name for name, *_ in objects}
    serving_objects, serving_versions = schema(stack, stack.owner_url)
    assert objects == serving_objects
    assert [row[0] for row in versions] == [row[0] for row in serving_versions]


def test_a_second_run_changes_nothing(stack, database):
    migrate(stack, database)
    before = schema(stack, database)
    migrate(stack, database)
    assert schema(stack, database) == before


def test_runs_at_the_same_time_do_not_get_in_each_others_way(stack, database):
    processes = [start_migrate(stack, database) for _ in range(4)]
    for process in processes:
        output = process.communicate(timeout=60)
        assert process.returncode == 0, output
    before = schema(stack, database)
    migrate(stack, database)
    assert schema(stack, database) == before


def test_a_run_on_the_serving_database_disturbs_nobody(stack, api):
    before = schema(stack, stack.owner_url)
    migrate(stack, stack.owner_url)
    assert schema(stack, stack.owner_url) == before
    assert api.questions(1)


def test_a_database_that_is_not_there_is_one_line_and_a_failure(stack, tmp_path):
    process = start_migrate(stack, f"postgresql:///nowhere?host={tmp_path}")
    output, error = process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert len((output + error).splitlines()) == 1
