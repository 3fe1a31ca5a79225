"""`atelier-qa migrate`: any number of times, from any number of hosts."""

import os
import random
import subprocess
import uuid
from pathlib import Path

import pytest

from api import PATIENCE_S

MIGRATIONS = Path(__file__).parents[2] / "sql/migrations"


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
    output = process.communicate(timeout=PATIENCE_S)
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
        output = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, output
    before = schema(stack, database)
    migrate(stack, database)
    assert schema(stack, database) == before


def test_a_run_on_the_serving_database_disturbs_nobody(stack, api):
    before = schema(stack, stack.owner_url)
    migrate(stack, stack.owner_url)
    assert schema(stack, stack.owner_url) == before
    assert api.questions(1)


# Pieces of texts on both sides of every limit.
PIECES = ["", "a", "@", ".", " ", "\t", "\n", "\x01", "\x1f", "!", "~", "\x7f", "\x85", "\x9f", "\xa0",
          "é", "ß", "\u1680", "\u180e", "\u2000", "\u200a", "\u200b", "\u2028", "\u202f", "\u205f",
          "\u2060", "\u3000", "\ufeff", "😀", "https", "https:", "https://", "HTTPS://", "http:",
          "Http://", "javascript:", "x+y-z.1:", "//", "/", ":", "1:", "\u017f", "\u212a"]
LENGTHS = [59, 60, 61, 250, 253, 254, 255, 999, 1000, 1001, 2040, 2047, 2048, 2049]
DOMAINS = ["body_text", "person_name", "email_address", "photo_url"]


def edge_cases():
    chance = random.Random(1)
    texts = {chr(number) for number in range(1, 0x3200)} | set(PIECES)
    texts |= {piece * number + end for piece in PIECES for number in LENGTHS for end in ("", "a", " ")
              if len(piece) <= 1}
    texts |= {first + "a" * (number - len(first) - 1) + last for number in LENGTHS
              for first in PIECES for last in ("a", "é", "\u3000", "@")}
    texts |= {f"{left}@{right}" for left in PIECES for right in PIECES}
    texts |= {piece + "@" + "a" * number for piece in PIECES for number in range(250, 256)}
    texts |= {"".join(chance.choices(PIECES, k=chance.randint(2, 5))) for _ in range(4000)}
    return sorted(texts)


@pytest.mark.same_with_sanitizers("SQL")
def test_the_cheaper_checks_accept_just_what_the_first_ones_did(stack, database):
    texts = edge_cases()
    with stack.database(database) as cursor:
        def verdicts():
            cursor.execute("SELECT text, ARRAY[" + ", ".join(
                f"accepts('{domain}', text)" for domain in DOMAINS)
                + "] FROM unnest(%s) AS text ORDER BY text COLLATE \"C\"", [texts])
            return cursor.fetchall()

        cursor.execute("""CREATE FUNCTION accepts(domain text, value text) RETURNS boolean
            LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE format('SELECT $1::%I', domain) USING value;
                RETURN true;
            EXCEPTION WHEN check_violation THEN
                RETURN false;
            END $$""")
        cursor.execute((MIGRATIONS / "0001_questions_and_answers.sql").read_text())
        before = verdicts()
        cursor.execute((MIGRATIONS / "0006_cheaper_checks.sql").read_text())
        assert verdicts() == before
    for number, domain in enumerate(DOMAINS):
        accepted = sum(row[1][number] for row in before)
        assert 100 < accepted < len(texts) - 100, domain


def test_a_migration_that_waits_for_a_table_in_use_keeps_nobody_else_waiting(stack, database):
    migrate(stack, database)
    with stack.database(database) as cursor:
        # As migration 0004 finds it.
        cursor.execute("DROP FUNCTION keep_photo_urls, refresh_photo_urls, photo_urls CASCADE;"
                       "ALTER TABLE answers DROP COLUMN photo_urls;"
                       "DELETE FROM schema_migrations WHERE name LIKE '0004%'")
        cursor.connection.commit()
        cursor.execute("SELECT FROM answers")  # as a backup does, for as long as it takes
        process = start_migrate(stack, database)
        assert "waits for tables in use" in process.stderr.readline()
        with stack.database(database) as other:
            other.execute("SET lock_timeout = '2s'")
            for _ in range(5):
                other.execute("SELECT FROM answers")
                other.connection.commit()
        assert process.poll() is None
        cursor.connection.commit()
        assert process.wait(PATIENCE_S) == 0
        process.communicate()
    before = schema(stack, database)
    migrate(stack, database)
    assert schema(stack, database) == before


def test_a_database_that_is_not_there_is_one_line_and_a_failure(stack, tmp_path):
    process = start_migrate(stack, f"postgresql:///nowhere?host={tmp_path}")
    output, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode not in (0, None)
    assert len((output + error).splitlines()) == 1
