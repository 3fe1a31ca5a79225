"""Each statement of the service finds its rows by an index, on data where PostgreSQL has to choose."""

import re
import sys

import pytest

from conftest import running
from stack import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "scripts"))
import query_plans  # noqa: E402

pytestmark = pytest.mark.same_with_sanitizers("PostgreSQL's plans")

DOCUMENTED = dict(re.findall(r"^\| (`.*?) \| (.*?) \| \d+ \|$",
                             (CHECKOUT / "docs/queries.md").read_text(), re.M))

# What narrows each kind of scan that is allowed; a scan without it reads a whole table or index.
CONDITIONS = {"Index Scan": "Index Cond", "Index Only Scan": "Index Cond", "Tid Scan": "TID Cond"}


@pytest.fixture(scope="module")
def reports():
    """Of each statement the plans. With fewer rows than these a scan of all would be as good."""
    with running(QA_SAMPLE_PRODUCTS="20000") as stack:
        stack.sql("ANALYZE")
        yield query_plans.plans(stack.superuser_url())


def test_each_statement_is_looked_at(reports):
    assert {title.partition(",")[0] for title in reports} == query_plans.STATEMENTS.keys()


def test_statements_are_planned_as_the_service_plans_them():
    code = "".join(path.read_text() for path in (CHECKOUT / "src/db").glob("*.c"))
    set_by_service = dict(re.findall(r"set_config\('(\w+)',\s+'(\w+)'", re.sub(r'"\s*"', "", code)))
    assert set_by_service == query_plans.PLANNER


def test_every_row_is_found_by_an_index(reports):
    for title, plans in reports.items():
        for node in query_plans.scans(plans):
            assert CONDITIONS.get(node["Node Type"]) in node, (title, node)


def test_the_documented_indexes_are_used(reports):
    assert {query_plans.cell(title): query_plans.cell(*query_plans.indexes(plans))
            for title, plans in reports.items()} == DOCUMENTED
