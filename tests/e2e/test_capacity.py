"""docs/capacity.md: its tables are what the calculator makes of the costs, and what it says of the schema is so."""

import importlib.util
import re

import pytest

import seed
from api import QUESTION, Api, new_product
from conftest import PATIENT, running
from stack import CHECKOUT

pytestmark = pytest.mark.same_with_sanitizers("text, and the schema")

PAGE = CHECKOUT / "docs/capacity.md"
OF_ITEM = ("(SELECT product_id FROM questions WHERE id = CASE WHEN {is_answer} THEN"
           " (SELECT question_id FROM answers WHERE id = item_id) ELSE item_id END)")
OF_KIND = OF_ITEM.format(is_answer="kind = 'answer'")
# How the product of a row is found.
PRODUCTS = {
    "questions": "product_id",
    "answers": "(SELECT product_id FROM questions WHERE questions.id = question_id)",
    "answers_photos": "(SELECT product_id FROM answers JOIN questions ON questions.id = question_id"
                      " WHERE answers.id = answer_id)",
    "product_pages": "product_id",
    "changed_products": "product_id",
    "held_products": "product_id",
    "changes": "coalesce(product_id, (SELECT product_id FROM questions WHERE id = question_id))",
    "moderated_items": OF_KIND,
    "reports": OF_KIND,
    "moderation_log": f"coalesce(product_id, {OF_KIND})",
    "voters": OF_ITEM.format(is_answer="of_answer"),
    "keyed_writes": "product_id",
}
WITHOUT = {"voter_secret", "changes_wanted", "sample_data", "schema_migrations", "served_run"}


def calculator():
    specification = importlib.util.spec_from_file_location("capacity", CHECKOUT / "scripts/capacity.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_tables_are_those_that_the_calculator_makes():
    text = PAGE.read_text()
    module = calculator()
    assert all(f"<!-- capacity.py: {name} -->" in text for name in module.TABLES)
    assert module.written(text) == text


def test_each_cache_more_makes_more_misses_but_never_more_than_there_are_reads():
    misses = calculator().misses
    totals = [sum(misses(9_000, 1_000, caches)) for caches in (1, 2, 10, 100, 100_000)]
    assert totals == sorted(totals)
    assert 0 < totals[0] and totals[-1] == pytest.approx(9_000, rel=0.01)


@pytest.fixture(scope="module")
def stack():
    """With at least one row of each table that has products, and none that a test has left without its item."""
    with running(QA_SAMPLE_PRODUCTS="20", **PATIENT) as stack:
        write_everywhere(stack)
        yield stack


def write_everywhere(stack):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    api = Api(stack.base_url)
    assert api.put(f"/qa/questions/{question}/helpful", headers={"Qa-Voter": "shopper-number-17"}).status_code == 204
    assert api.put(f"/qa/questions/{question}/report", json={"reason": "spam"}).status_code == 204
    assert api.post("/qa/questions", json={**QUESTION, "product_id": product},
                    headers={"Idempotency-Key": f"capacity-{product}"}).status_code == 201
    stack.sql("SELECT moderate('approve', 'question', %s, 'ann', NULL)", question)
    stack.sql("SELECT hold_product('hold', %s, 'ann', NULL)", product)
    stack.sql("INSERT INTO changes (product_id, question_id) VALUES (%s, %s)", product, question)


def test_every_row_reaches_its_product_and_every_table_is_in_the_list(stack):
    tables = {name for name, in stack.sql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
                                          " AND relnamespace = 'public'::regnamespace")}
    [listed] = re.findall(r"\| table \| its product \|.*?\n\n", PAGE.read_text(), re.S)
    assert tables == PRODUCTS.keys() | WITHOUT
    assert tables == {name for line in listed.split("\n")[2:-2] for name in re.findall("`([a-z_]+)`", line.split("|")[1])}
    for table, product in PRODUCTS.items():
        with_product, without = stack.sql(f"SELECT count({product}), count(*) - count({product}) FROM {table}")[0]
        assert with_product > 0 or table in ("product_pages", "changed_products"), table
        assert without == 0 or table in ("changes", "moderation_log", "keyed_writes"), table


def test_foreign_keys_stay_within_a_product(stack):
    assert set(stack.sql("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
                         " WHERE contype = 'f'")) == {("answers", "questions"), ("answers_photos", "answers")}
