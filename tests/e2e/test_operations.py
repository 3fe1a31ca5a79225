"""What looking after the database relies on: backup and restore with PostgreSQL's own tools, and
votes that leave the indexes alone."""

import subprocess

import pytest

import sessions
from api import Api
from conftest import PATIENT, running
from load import Load
from stack import postgresql_tool, wait_until
from test_pause import paused

pytestmark = pytest.mark.same_with_sanitizers("PostgreSQL's own tools")


def answers_of(stack, products):
    api = Api(stack.base_url)
    return [(api.get(f"/qa/questions?product_id={product}&count=1000").content,
             api.get(f"/qa/questions/{product}/answers?count=1000").content)
            for product in products]


def test_a_dump_restored_into_an_empty_cluster_gives_the_same_answers(stack, tmp_path):
    dump = tmp_path / "atelier_qa.dump"
    products = range(1, 60)
    subprocess.run([postgresql_tool("pg_dump"), "--format=custom", f"--file={dump}",
                    f"--dbname={stack.superuser_url()}"], check=True)
    with running(QA_SAMPLE_PRODUCTS="0") as other:
        assert answers_of(other, products) != answers_of(stack, products)
        subprocess.run([postgresql_tool("pg_restore"), "--clean", "--if-exists",
                        "--single-transaction", f"--dbname={other.superuser_url()}", dump],
                       check=True)
        # What was changed behind the service's back is in no cache after a reload.
        old = set(other.worker_pids())
        other.reload()
        wait_until(lambda: old.isdisjoint(other.worker_pids()))
        other.wait_until_whole()
        assert answers_of(other, products) == answers_of(stack, products)
        # The restored sequences and privileges serve writes too.
        added = Api(other.base_url).add_question(7)
        assert added["question_id"] > stack.sql("SELECT max(id) FROM questions")[0][0]


def test_a_dump_is_restored_into_a_new_database(stack, tmp_path):
    dump = tmp_path / "atelier_qa.dump"
    subprocess.run([postgresql_tool("pg_dump"), "--format=custom", "--no-unlogged-table-data",
                    f"--file={dump}", f"--dbname={stack.superuser_url()}"], check=True)
    with stack.empty_database("restored") as url:
        subprocess.run([postgresql_tool("pg_restore"), "--single-transaction", f"--dbname={url}",
                        dump], check=True)
        with stack.database(url) as cursor:
            for table in ("questions", "answers", "answers_photos", "schema_migrations"):
                rows = f"SELECT shown::text FROM {table} AS shown ORDER BY 1"
                cursor.execute(rows)
                assert cursor.fetchall() == stack.sql(rows)


def test_a_restored_database_takes_the_place_of_a_damaged_one_and_no_request_fails(tmp_path):
    dump, products = tmp_path / "atelier_qa.dump", range(1, 20)
    reads = [("GET", f"/qa/questions?product_id={product}", None) for product in products]
    with running(QA_SAMPLE_PRODUCTS="20", QA_PAUSE_TIMEOUT_S="120", **PATIENT) as stack:
        def as_superuser(statement):
            return sessions.execute(stack.superuser_url("postgres"), statement, ())

        right = answers_of(stack, products)
        subprocess.run([postgresql_tool("pg_dump"), "--format=custom", "--no-unlogged-table-data",
                        f"--file={dump}", f"--dbname={stack.superuser_url()}"], check=True)
        stack.sql("TRUNCATE answers, answers_photos")
        for statement in ("CREATE DATABASE restored OWNER atelier_qa_owner",
                          "REVOKE ALL ON DATABASE restored FROM PUBLIC",
                          "GRANT CONNECT ON DATABASE restored TO atelier_qa_serving, atelier_qa_moderating"):
            as_superuser(statement)
        subprocess.run([postgresql_tool("pg_restore"), "--single-transaction",
                        f"--dbname={stack.superuser_url('restored')}", dump], check=True)
        with Load(stack.port, reads) as load:
            load.wait_for(100)
            with paused(stack):
                as_superuser("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                             " WHERE datname IN ('atelier_qa', 'restored')")  # the test's own
                as_superuser("ALTER DATABASE atelier_qa RENAME TO damaged")
                as_superuser("ALTER DATABASE restored RENAME TO atelier_qa")
            old = set(stack.worker_pids())
            stack.reload()
            wait_until(lambda: old.isdisjoint(stack.worker_pids()))
            load.wait_for(100)
        assert load.others(200) == []
        assert answers_of(stack, products) == right
        stack.start()  # as the owner, who migrates
        Api(stack.base_url).add_question(7)


def test_votes_change_rows_in_place(stack, api):
    """Heap-only tuples: no index is touched, as long as the fill factor leaves room."""
    def updates():
        return stack.sql("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
                         " WHERE relname = 'answers'")[0]

    ids = [row[0] for row in stack.sql("SELECT id FROM answers ORDER BY id LIMIT 500")]
    before = updates()
    for answer in ids:
        api.vote("answers", answer)
    # A session that falls idle reports its counts after up to ten seconds.
    wait_until(lambda: updates()[0] - before[0] >= len(ids))
    all_updates, in_place = (new - old for new, old in zip(updates(), before))
    assert in_place >= 0.9 * all_updates
