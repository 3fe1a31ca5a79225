#!/usr/bin/python3
"""How PostgreSQL runs each statement of sql/queries, as the Markdown of docs/queries.md.

    query_plans.py CONNECTION_STRING           (a superuser's)
    query_plans.py CONNECTION_STRING --plans   the plans themselves, as text

Each statement is prepared as the service prepares it, and run once in a transaction that is rolled back.
The server's module auto_explain reports its plan, and those of the statements within its functions and
triggers."""

import json
import sys
import time
from pathlib import Path

import psycopg2

SQL = Path(__file__).resolve().parents[1] / "sql"
STATEMENTS = {path.stem: path.read_text() for path in sorted((SQL / "queries").glob("*.sql"))}
# Those of src/db/session_setup.c; tests/e2e/test_query_plans.py compares them.
PLANNER = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off",
           "enable_indexscan": "on", "enable_indexonlyscan": "on", "enable_nestloop": "on", "jit": "off"}
REPORT = {"log_min_duration": "0", "log_analyze": "on", "log_timing": "off", "log_nested_statements": "on",
          "log_level": "notice"}
PATIENCE_S = 60

QUESTION = {"body": "Does it shrink?", "name": "will", "email": "will@example.com"}
ANSWER = {"body": "Not mine.", "name": "ann", "email": "ann@example.com",
          "photos": ["https://img.example/1.jpg"]}


class Notices(list):
    """What the server reports; psycopg2 keeps only the last fifty in a list of its own."""

    def __init__(self, connection):
        super().__init__()
        connection.notices = self

    def take(self):
        taken = [text.split("plan:\n", 1)[1] for text in self if "plan:\n" in text]
        self.clear()
        return taken


def reports_of(ids):
    return json.dumps([{"id": identifier, "hide_at": 1, "reason": "spam"} for identifier in ids])


def examples(cursor):
    """(title, statement, parameters) of each statement, of rows that have all there is."""
    cursor.execute("SELECT question_id, id FROM answers WHERE photo_urls::text <> '[]'"
                   " ORDER BY id DESC LIMIT 3")
    questions, answers = zip(*cursor.fetchall())
    cursor.execute("SELECT product_id FROM questions WHERE id = ANY (%s) ORDER BY id", [list(questions)])
    product = cursor.fetchone()[0]
    cursor.execute("INSERT INTO product_pages SELECT %(id)s, 100, questions_page(%(id)s, 5, 0, 100), false"
                   " ON CONFLICT DO NOTHING; DELETE FROM changed_products WHERE product_id = %(id)s",
                   {"id": product})
    question, answer = questions[0], answers[0]
    several = {"questions": json.dumps(questions), "answers": json.dumps(answers)}
    # Of three writes the keys, the hashes of their requests, and the voters.
    marks = ["{" + ",".join(f"{10 * kind + number:032x}" for number in range(3)) + "}" for kind in range(3)]
    mark = ["{" + f"{kind:032x}" + "}" for kind in range(2)]
    return [
        ("list_questions, ready-made", "list_questions", (product, 5, 0, 100)),
        ("list_questions", "list_questions", (product, 6, 0, 100)),
        ("list_questions_many", "list_questions_many", ([product] * 2, [6, 7], [0, 0], [100, 100])),
        ("standby_questions", "standby_questions", (product, 6, 0, 100)),
        ("standby_questions_many", "standby_questions_many", ([product] * 2, [6, 7], [0, 0], [100, 100])),
        ("list_answers", "list_answers", (question, 1, 5, 0)),
        ("list_answers_many", "list_answers_many", ([question] * 2, [1, 1], [5, 6], [0, 0])),
        ("sort_questions", "sort_questions", (product, 5, 0, 100, 1, 1)),
        ("sort_answers", "sort_answers", (question, 1, 5, 0, 1)),
        ("count_questions", "count_questions", (product, 1)),
        ("count_answers", "count_answers", (question,)),
        ("search_questions", "search_questions", (product, 5, 0, 100, 1, 1, "it a", 1)),
        ("search_answers", "search_answers", (question, 1, 5, 0, 1, "it a", 1)),
        ("count_found_questions", "count_found_questions", (product, 1, "it a")),
        ("count_found_answers", "count_found_answers", (question, "it a")),
        ("show_document", "show_document", (question, 100)),
        ("show_question", "show_question", (question, 100)),
        ("count_products", "count_products", ([product],)),
        ("add_questions", "add_questions", (json.dumps([{"product_id": product, **QUESTION}]),)),
        ("add_answers", "add_answers", (json.dumps([{"question_id": question, **ANSWER}]),)),
        ("add_questions_once", "add_questions_once",
         (json.dumps([{"product_id": product, **QUESTION}]), *mark)),
        ("add_answers_once", "add_answers_once",
         (json.dumps([{"question_id": question, **ANSWER}]), *mark)),
        ("vote_question", "vote_question", (question, 3)),
        ("vote_answer", "vote_answer", (answer, 3)),
        ("vote_questions", "vote_questions", (several["questions"],)),
        ("vote_answers", "vote_answers", (several["answers"],)),
        ("report_questions", "report_questions", (reports_of(questions),)),
        ("report_answers", "report_answers", (reports_of(answers),)),
        ("vote_questions_once", "vote_questions_once", (several["questions"], *marks)),
        ("vote_answers_once", "vote_answers_once", (several["answers"], *marks)),
        ("unvote_questions", "unvote_questions", (several["questions"], *marks)),
        ("unvote_answers", "unvote_answers", (several["answers"], *marks)),
        ("report_questions_once", "report_questions_once", (reports_of(questions), *marks)),
        ("report_answers_once", "report_answers_once", (reports_of(answers), *marks)),
        ("forget_keyed_writes", "forget_keyed_writes", (1000,)),
        ("unlocked_questions", "unlocked_questions", (several["questions"],)),
        ("unlocked_answers", "unlocked_answers", (several["answers"],)),
        ("unlocked_parents", "unlocked_parents", (json.dumps([{"question_id": question, **ANSWER}]),)),
        ("next_page", "next_page", (0, 0, 100)),
        ("make_pages", "make_pages", (0, 0, 10, 100)),
        ("changes_since", "changes_since", ("10:20:10",)),
        ("want_changes", "want_changes", ()),
        ("note_run", "note_run", ()),
        ("standby_position", "standby_position", ()),
        ("forget_changes", "forget_changes", ("10:20:10",)),
    ]


def prepare_session(cursor, form):
    cursor.execute((SQL / "session/pin.sql").read_text())
    cursor.execute("LOAD 'auto_explain'")
    report = {f"auto_explain.{name}": value for name, value in {**REPORT, "log_format": form}.items()}
    for name, value in {**PLANNER, **report, "client_min_messages": "notice"}.items():
        cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    for name, text in STATEMENTS.items():
        cursor.execute(f"PREPARE {name} AS {text}")


def run(cursor, statement, parameters):
    """The plans that the server reports."""
    places = ", ".join(["%s"] * len(parameters))
    cursor.execute(f"EXECUTE {statement}" + (f" ({places})" if places else ""), parameters)
    row = cursor.fetchone()
    # While a service's worker makes pages, make_pages() leaves it alone and returns nothing.
    return None if statement == "make_pages" and row[0] is None else row


def plans(database, form="json"):
    """The title of each example, and its plans: as parsed JSON, or as text."""
    connection = psycopg2.connect(database)
    notices = Notices(connection)
    cursor = connection.cursor()
    prepare_session(cursor, form)
    connection.commit()
    found = {}
    for title in [name for name, *_ in examples(cursor)]:
        until = time.monotonic() + PATIENCE_S
        row = None
        while row is None:
            connection.rollback()
            [(statement, parameters)] = [rest for name, *rest in examples(cursor) if name == title]
            notices.clear()
            row = run(cursor, statement, parameters)
            if row is None and time.monotonic() > until:
                sys.exit(f"query_plans: {title} found nothing to do")
        found[title] = [json.loads(text) if form == "json" else text for text in notices.take()]
    connection.rollback()
    connection.close()
    return found


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scans(reports):
    """The plan nodes that read a table or an index."""
    return [node for report in reports for node in nodes(report["Plan"]) if node["Node Type"].endswith("Scan")
            and ("Relation Name" in node or "Index Name" in node)]


def indexes(reports):
    return sorted({node["Index Name"] for node in scans(reports) if "Index Name" in node})


def rows_read(reports):
    return round(sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
                     for node in scans(reports)))


def cell(*words):
    return ", ".join(f"`{word}`" for word in words)


def markdown(database):
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM questions), (SELECT count(*) FROM answers),"
                       " current_setting('server_version')")
        questions, answers, version = cursor.fetchone()
    lines = [f"| {cell(title)} | {cell(*indexes(reports))} | {rows_read(reports)} |"
             for title, reports in plans(database).items()]
    return HEAD.format(questions=questions, answers=answers, version=version.split()[0]) + "\n".join(lines)


HEAD = """\
# How PostgreSQL runs each statement

`make query-plans` writes this page from the database of what is running; `scripts/query_plans.py` says how.
`tests/e2e/test_query_plans.py` checks on every run of the tests that the table below is true and that no
statement reads a table without an index.

- *Indexes* are all that the statement uses, with the functions and triggers that it runs.
- *Rows* are the rows and index entries that it reads for the example: one product, question or answer, or two
  or three for the statements that take several.
- Names that end in `_many` make several pages at once. A page of questions that is not ready-made is made by
  `questions_page()` in `sql/migrations/0017_orders_of_lists.sql`.
- To see the plans themselves: `scripts/query_plans.py CONNECTION_STRING --plans`.

Database: {questions:,} questions, {answers:,} answers, PostgreSQL {version}.

| statement | indexes | rows |
|---|---|---|
"""


def main():
    if len(sys.argv) == 3 and sys.argv[2] == "--plans":
        for title, texts in plans(sys.argv[1], "text").items():
            print(f"==== {title}", *texts, sep="\n\n", end="\n\n")
    elif len(sys.argv) == 2:
        print(markdown(sys.argv[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
