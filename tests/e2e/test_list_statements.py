"""The statement that makes many pages makes each as the one that makes a single page."""

import pytest

from stack import CHECKOUT

pytestmark = pytest.mark.same_with_sanitizers("SQL")

QUERIES = CHECKOUT / "sql/queries"
ROWS = {"list_questions": "SELECT DISTINCT product_id FROM questions ORDER BY 1 LIMIT 20",
        "standby_questions": "SELECT DISTINCT product_id FROM questions ORDER BY 1 LIMIT 20",
        "list_answers": "SELECT DISTINCT question_id FROM answers ORDER BY 1 LIMIT 20"}


def pages_of(cursor, name, parameters):
    cursor.execute(f"EXECUTE {name}(%s, %s, %s, %s)", parameters)
    return cursor.fetchall()


@pytest.mark.parametrize("name, paging", [
    ("list_questions", [(5, 0, 100), (1, 1, 100), (5, 0, 1), (1000, 0, 2)]),
    ("standby_questions", [(5, 0, 100), (1, 1, 100), (5, 0, 1), (1000, 0, 2)]),
    ("list_answers", [(1, 5, 0), (2, 1, 1), (1, 1000, 0), (9, 5, 40)]),
])
def test_many_pages_are_made_as_each_alone(stack, name, paging):
    with stack.database(stack.superuser_url()) as cursor:
        for statement in (name, f"{name}_many"):
            cursor.execute(f"PREPARE {statement} AS " + (QUERIES / f"{statement}.sql").read_text())
        cursor.execute(ROWS[name])
        of = [row for row, in cursor.fetchall()] + [0x7FFFFFFF]
        assert len(of) > 10
        wanted = [(row, *paging[i % len(paging)]) for i, row in enumerate(of)]
        alone = [pages_of(cursor, name, one)[0] for one in wanted]
        many = pages_of(cursor, f"{name}_many", [list(each) for each in zip(*wanted)])
    assert sorted(many, key=lambda row: row[1]) == [
        (page, i, has_more) for i, (page, has_more) in enumerate(alone, 1)]
