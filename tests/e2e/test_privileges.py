"""The role that serves owns nothing and can do only what the endpoints need; the database itself
keeps the contract's rules."""

import pytest
from psycopg2.errors import CheckViolation, ForeignKeyViolation, InsufficientPrivilege

import seed
from api import new_product

pytestmark = pytest.mark.same_with_sanitizers("SQL")


@pytest.fixture
def serving(stack):
    """A cursor of the serving role, whose transaction is undone in the end."""
    with stack.database(stack.serving_url) as cursor:
        yield cursor


@pytest.mark.parametrize("statement", [
    "SELECT asker_email FROM questions", "SELECT answerer_email FROM answers",
    "SELECT * FROM questions", "SELECT * FROM answers", "SELECT questions FROM questions",
    "SELECT id FROM questions WHERE asker_email = 'a@b'", "COPY questions TO STDOUT",
    "UPDATE questions SET helpful = 1 RETURNING asker_email",
    "INSERT INTO questions (product_id, body, asker_name, asker_email)"
    " VALUES (1, 'a', 'b', 'c@d') RETURNING asker_email",
    "DELETE FROM questions", "DELETE FROM answers", "DELETE FROM answers_photos",
    "TRUNCATE answers_photos", "UPDATE questions SET body = 'x'",
    "UPDATE questions SET asker_email = 'a@b'", "UPDATE questions SET product_id = 1",
    "UPDATE answers SET question_id = 1", "UPDATE answers SET body = 'x'",
    "UPDATE answers_photos SET url = 'x'",
    "INSERT INTO questions (product_id, body, asker_name, asker_email, helpful)"
    " VALUES (1, 'a', 'b', 'c@d', 99)",
    "SELECT body FROM keyed_writes", "UPDATE keyed_writes SET status = 204", "DELETE FROM keyed_writes",
    "SELECT voter FROM voters", "INSERT INTO voters VALUES (true, 1, gen_random_uuid())", "DELETE FROM voters",
    "SELECT secret FROM voter_secret", "UPDATE voter_secret SET secret = 'x'",
    "ALTER TABLE questions ADD COLUMN x int", "ALTER TABLE questions DISABLE TRIGGER ALL",
    "DROP TABLE answers_photos", "DROP INDEX answers_question_id",
    "CREATE INDEX ON questions (helpful)", "CREATE TABLE x (y int)", "CREATE SCHEMA x",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1", "CREATE ROLE x", "CREATE DATABASE x",
    "GRANT SELECT ON questions TO PUBLIC", "COPY answers_photos TO PROGRAM 'cat'",
    "COPY answers_photos (url) FROM '/etc/passwd'", "SELECT pg_read_file('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid", "ALTER SYSTEM SET fsync = off",
    "SELECT lo_creat(-1)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_put(1, 0, 'x')", "CREATE TEMPORARY TABLE x (y int)",
    "ALTER ROLE CURRENT_USER CREATEDB", "ALTER ROLE CURRENT_USER CONNECTION LIMIT 1",
])
def test_the_serving_role_may_not(serving, statement):
    if "DATABASE" in statement or "SYSTEM" in statement:  # not allowed inside a transaction
        serving.connection.autocommit = True
    with pytest.raises(InsufficientPrivilege):
        serving.execute(statement)


def test_the_serving_role_owns_nothing_and_is_nobody_special(serving):
    serving.execute("SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
                    " FROM pg_roles WHERE rolname = current_user")
    assert serving.fetchone() == (False,) * 5
    serving.execute("SELECT relname FROM pg_class"
                    " WHERE pg_has_role(current_user, relowner, 'MEMBER')")
    assert serving.fetchall() == []


VALID = {"questions": {"product_id": 1, "body": "a", "asker_name": "b", "asker_email": "c@d"},
         "answers": {"body": "a", "answerer_name": "b", "answerer_email": "c@d"}}


@pytest.mark.parametrize("table, column, value", [
    ("questions", "product_id", 0), ("questions", "body", ""), ("questions", "body", " \u3000\n"),
    ("questions", "body", "x" * 1001), ("questions", "asker_name", "x" * 61),
    ("questions", "asker_name", "\u00a0"), ("questions", "asker_email", "x"),
    ("questions", "asker_email", "x@"), ("questions", "asker_email", "x@y@z"),
    ("questions", "asker_email", "x @y"), ("questions", "asker_email", "x@" + "y" * 253),
    ("questions", "helpful", -1), ("questions", "id", 0),
    ("answers", "body", ""), ("answers", "body", "\t"), ("answers", "body", "x" * 1001),
    ("answers", "answerer_name", ""), ("answers", "answerer_name", "x" * 61),
    ("answers", "answerer_email", "@y"), ("answers", "helpful", -1), ("answers", "id", -5)])
def test_the_database_refuses_what_the_contract_forbids(stack, table, column, value):
    values = {**VALID[table], column: value}
    if table == "answers":
        values["question_id"] = seed.questions(stack, new_product(), [0])[0]
    with pytest.raises(CheckViolation):
        stack.sql(f"INSERT INTO {table} ({', '.join(values)})"
                  f" VALUES ({', '.join(['%s'] * len(values))})", *values.values())


@pytest.mark.parametrize("url", ["", "a b", "javascript:x", "ftp://x", "x\u0001", "x" * 2049])
def test_the_database_refuses_wrong_photos(stack, url):
    [question] = seed.questions(stack, new_product(), [0])
    [answer] = seed.answers(stack, question, [0])
    with pytest.raises(CheckViolation):
        stack.sql("INSERT INTO answers_photos (answer_id, url) VALUES (%s, %s)", answer, url)


def test_the_database_refuses_answers_and_photos_of_nothing(stack):
    for statement in ("INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
                      " VALUES (1::bigint << 60, 'a', 'b', 'c@d')",
                      "INSERT INTO answers_photos (answer_id, url) VALUES (1::bigint << 60, 'a')"):
        with pytest.raises(ForeignKeyViolation):
            stack.sql(statement)
