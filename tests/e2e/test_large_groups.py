"""A product with many questions, a question with many answers: what a page and a write of one cost
does not depend on how many there are, and the order of the lists stays what it is."""

import contextlib
import random
import re
import threading
from pathlib import Path

import pytest

import seed
from api import Api, new_product

pytestmark = pytest.mark.same_with_sanitizers("SQL")

QUERIES = Path(__file__).parents[2] / "sql/queries"
OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()
MIGRATION = (Path(__file__).parents[2] / "sql/migrations/0009_ranks.sql").read_text()
UNRANKED = 200  # rows of a group that a page sorts
LISTS = {"questions": "list_questions", "answers": "list_answers"}


class Group:
    """A product with questions, or a question with answers, each with some helpfulness."""

    def __init__(self, stack, kind, size):
        self.stack, self.kind = stack, kind
        self.product = new_product()
        self.parent = self.product
        if kind == "answers":
            [self.parent] = seed.questions(stack, self.product, [0])
            seed.many_answers(stack, self.parent, size)
        else:
            seed.many_questions(stack, self.product, size)
        self.column = {"questions": "product_id", "answers": "question_id"}[kind]
        stack.sql(f"UPDATE {kind} SET helpful = id * 7919 %% 30 WHERE {self.column} = %s", self.parent)
        stack.sql(f"VACUUM {kind}")  # what is read is counted: no old versions of rows

    def sql(self, what):
        """Something of each row that is shown, in the order of the list."""
        return [value for value, in self.stack.sql(
            f"SELECT {what} FROM {self.kind} WHERE {self.column} = %s AND NOT reported"
            " ORDER BY helpful DESC, id", self.parent)]

    def ranked(self):
        return self.sql("ranked").count(True)

    def page(self, api, **parameters):
        """The ids that the service shows."""
        if self.kind == "questions":
            return [each["question_id"] for each in api.questions(self.parent, **parameters)]
        return [each["answer_id"] for each in api.answers(self.parent, **parameters)]

    def whole_list(self, api):
        pages = []
        while shown := self.page(api, page=len(pages) + 1, count=97):
            pages.append(shown)
        return sum(pages, [])


@contextlib.contextmanager
def session(stack):
    """A session that plans as those of the service do."""
    with stack.database(stack.superuser_url()) as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan; SET jit = off;"
                       "SET enable_seqscan = off; SET enable_bitmapscan = off")
        yield cursor


def rows_touched(stack, statement, *parameters):
    """How many rows and index entries PostgreSQL reads for a statement of the service."""
    with session(stack) as cursor:
        text = (QUERIES / f"{statement}.sql").read_text()
        cursor.execute(f"PREPARE statement AS {text}")
        cursor.execute("EXECUTE statement (%s)" % ", ".join(["%s"] * len(parameters)), parameters)
        cursor.execute("""
            SELECT (SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables
                    WHERE relid IN ('questions'::regclass, 'answers'::regclass))
                + (SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index
                   WHERE indrelid IN ('questions'::regclass, 'answers'::regclass))""")
        return int(cursor.fetchone()[0])


SHOWN = 6  # rows; a first page of five questions may be ready-made


def page_parameters(group, offset=0):
    return ((group.parent, SHOWN, offset, 100) if group.kind == "questions"
            else (group.parent, 1, SHOWN, offset))


@pytest.mark.parametrize("kind", LISTS)
def test_a_first_page_reads_no_more_of_a_large_group_than_of_a_small_one(stack, kind):
    small, large = Group(stack, kind, UNRANKED), Group(stack, kind, 5000)
    reads_small, reads_large = (rows_touched(stack, LISTS[kind], *page_parameters(group))
                                for group in (small, large))
    assert reads_small >= UNRANKED  # what is counted is there
    assert reads_large <= reads_small + 2 * SHOWN  # the ranked rows, and their index entries


@pytest.mark.parametrize("order", [1, 2])  # include/pages/page_key.h
@pytest.mark.parametrize("kind", LISTS)
def test_so_does_a_page_in_another_order(stack, kind, order):
    def reads(size):
        group = Group(stack, kind, size)
        every = (order, 0) if kind == "questions" else (order,)
        return rows_touched(stack, f"sort_{kind}", *page_parameters(group), *every)
    assert reads(5000) <= reads(UNRANKED) + 2 * (SHOWN + 1)  # whether the list goes on


@pytest.mark.parametrize("kind", LISTS)
def test_a_deep_page_reads_what_it_skips_and_no_more(stack, kind):
    """It is made as one in another order is, though in the usual one."""
    group, helpful = Group(stack, kind, 5000), (0, 0) if kind == "questions" else (0,)
    first, deep = (rows_touched(stack, f"sort_{kind}", *page_parameters(group, offset), *helpful)
                    for offset in (0, 1000))
    assert deep <= first + 2 * 1000


def test_a_product_shows_the_answers_of_a_question_with_many_at_the_same_cost(stack):
    def reads(size):
        group = Group(stack, "answers", size)
        return rows_touched(stack, "list_questions", group.product, SHOWN, 0, 100)
    assert reads(5000) <= reads(UNRANKED) + 2 * 100


@pytest.mark.parametrize("kind", LISTS)
def test_the_order_of_a_large_group_is_that_of_the_lists(stack, api, kind):
    group = Group(stack, kind, 700)
    assert group.ranked() == 500
    assert group.whole_list(api) == group.sql("id")


@pytest.mark.parametrize("kind", LISTS)
def test_votes_and_reports_move_rows_of_a_large_group(stack, api, kind):
    group = Group(stack, kind, 300)
    chance = random.Random(7)
    for identifier in chance.sample(group.sql("id"), 20):
        api.vote(kind, identifier, times=chance.randint(1, 40))
    for identifier in chance.sample(group.sql("id"), 20):
        api.report(kind, identifier)
    for _ in range(3):  # new ones
        api.add_question(group.product) if kind == "questions" else api.add_answer(group.parent)
    shown = group.whole_list(api)
    assert len(shown) == 283
    assert shown == group.sql("id")
    assert group.page(api) == shown[:5]


@pytest.mark.parametrize("kind", LISTS)
def test_what_is_added_by_hand_is_ranked_however_many_at_once(stack, kind):
    group = Group(stack, kind, 0)
    add = seed.many_questions if kind == "questions" else seed.many_answers
    add(stack, group.parent, 150)
    assert group.ranked() == 0
    add(stack, group.parent, 100)
    assert group.ranked() == 50
    add(stack, group.parent, 10)
    assert group.ranked() == 60


@pytest.mark.parametrize("kind", LISTS)
def test_what_moves_to_another_group_is_ranked_as_that_one_is(stack, api, kind):
    group, other = Group(stack, kind, 205), Group(stack, kind, 3)
    [moved] = stack.sql(f"UPDATE {kind} SET {group.column} = %s WHERE id = %s RETURNING ranked",
                        other.parent, group.sql("id")[0])[0]
    assert moved is False
    [moved] = stack.sql(f"UPDATE {kind} SET {group.column} = %s WHERE id = %s RETURNING ranked",
                        group.parent, other.sql("id")[0])[0]
    assert moved is True
    for each in (group, other):
        assert each.whole_list(api) == each.sql("id")


def updates(stack, statement, *parameters):
    """How many rows it updates, and how many of them as heap-only tuples, which no index has to know."""
    with session(stack) as cursor:
        cursor.execute(statement, parameters)
        cursor.execute("SELECT sum(pg_stat_get_xact_tuples_updated(oid)),"
                       " sum(pg_stat_get_xact_tuples_hot_updated(oid)) FROM pg_class"
                       " WHERE relname IN ('questions', 'answers')")
        return tuple(map(int, cursor.fetchone()))


@pytest.mark.parametrize("kind", LISTS)
def test_a_vote_or_a_report_changes_what_is_not_ranked_once_and_a_vote_in_place(stack, kind):
    """A report enters it into the index of what is hidden (0018)."""
    group = Group(stack, kind, 1)
    [identifier] = group.sql("id")
    for change, in_place in (("helpful = helpful + 1", 1), ("reported = true", 0), ("helpful = helpful + 1", 1)):
        assert updates(stack, f"UPDATE {kind} SET {change} WHERE id = %s", identifier) == (1, in_place)


@pytest.mark.parametrize("kind", LISTS)
def test_a_batch_of_votes_changes_only_ranked_rows_a_second_time(stack, kind):
    group = Group(stack, kind, UNRANKED + 3)
    assert updates(stack, f"UPDATE {kind} SET helpful = helpful + 1 WHERE {group.column} = %s",
                   group.parent)[0] == UNRANKED + 2 * 3


VOTES_AND_REPORTS = {"vote_{one}": "%s, 3", "vote_{one}s": "json_build_array(%s)",
                     "report_{one}s": "json_build_array(json_build_object('id', %s, 'hide_at', 1))"}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("statement", VOTES_AND_REPORTS)
def test_a_vote_or_a_report_changes_a_ranked_row_once_and_locks_no_other(stack, kind, statement):
    """A second change would lock the answer's question: batches of votes deadlocked."""
    group = Group(stack, kind, UNRANKED + 1)
    [identifier] = stack.sql(f"SELECT id FROM {kind} WHERE {group.column} = %s AND ranked",
                             group.parent)[0]
    name = statement.format(one=kind[:-1])
    with session(stack) as cursor:
        cursor.execute(f"PREPARE statement AS {(QUERIES / f'{name}.sql').read_text()}")
        cursor.execute(f"EXECUTE statement ({VOTES_AND_REPORTS[statement]})", [identifier])
        assert cursor.rowcount == 1
        cursor.execute("SELECT pg_stat_get_xact_tuples_updated(%s::regclass)", [kind])
        assert cursor.fetchone() == (1,)
        if kind == "answers":
            stack.sql("SELECT FROM questions WHERE id = %s FOR UPDATE NOWAIT", group.parent)
        cursor.execute(f"SELECT rank IS NOT DISTINCT FROM CASE WHEN NOT reported THEN helpful END"
                       f" FROM {kind} WHERE id = %s", [identifier])
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("kind", LISTS)
def test_no_read_fails_and_none_is_old_while_four_clients_write_without_pause(stack, kind):
    """The load of a test that always uses the same product."""
    group = Group(stack, kind, 3000)
    targets = group.sql("id")[:500]
    done = threading.Event()
    failures = []

    def write(number):
        client, chance = Api(stack.base_url), random.Random(number)
        try:
            while not done.is_set():
                client.vote(kind, chance.choice(targets))
                added = (client.add_question(group.product) if kind == "questions"
                         else client.add_answer(group.parent))
                assert len(added) > 1
        except Exception as failure:  # whatever it is, the test tells it
            failures.append(failure)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        client = Api(stack.base_url)
        for _ in range(100):
            for page in (1, 100):
                assert len(group.page(client, page=page)) == 5
            client.vote(kind, targets[0])
            [before] = stack.sql(f"SELECT helpful FROM {kind} WHERE id = %s", targets[0])[0]
            shown = (client.questions(group.parent, count=1000) if kind == "questions"
                     else client.answers(group.parent, count=1000))
            helpful = {each[f"{kind[:-1]}_id"]:
                       each["question_helpfulness" if kind == "questions" else "helpfulness"]
                       for each in shown}
            assert helpful[targets[0]] >= before
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert not failures, failures
    assert group.whole_list(client) == group.sql("id")


@pytest.mark.parametrize("kind", LISTS)
def test_what_the_docs_say_puts_ranks_right_where_triggers_did_not_fire(stack, kind):
    [repair] = re.findall("^UPDATE answers SET ranked.*?;", OPERATIONS, re.MULTILINE | re.DOTALL)
    group = Group(stack, kind, 300)
    identifiers = group.sql("id")
    stack.sql(f"UPDATE {kind} SET reported = true WHERE id = %s", identifiers[0])
    stack.sql("SET session_replication_role = replica;"
              f"UPDATE {kind} SET helpful = 99, reported = NOT reported WHERE id = ANY (%s);"
              f"UPDATE {kind} SET helpful = 98 WHERE id = ANY (%s)",
              identifiers[:80], identifiers[80:120])
    seed_more = seed.many_questions if kind == "questions" else seed.many_answers
    seed_more(stack, group.parent, 1)
    stack.sql(repair.replace("question_id", group.column).replace("answers", kind))
    assert group.ranked() + group.sql("ranked").count(False) == 222
    wrong = stack.sql(f"SELECT id FROM {kind} WHERE {group.column} = %s AND rank IS DISTINCT FROM"
                      " CASE WHEN ranked AND NOT reported THEN helpful END", group.parent)
    assert not wrong
    assert group.whole_list(Api(stack.base_url)) == group.sql("id")


def test_the_migration_ranks_large_groups_that_are_there(stack):
    """As the tables were before it, with a group of each kind."""
    with stack.empty_database("ranks_" + str(random.randrange(2**31))) as url, \
            stack.database(url) as cursor:
        for path in sorted((Path(__file__).parents[2] / "sql/migrations").glob("*.sql")):
            if path.name < "0009":
                cursor.execute(path.read_text().removeprefix("-- no transaction"))
                cursor.connection.commit()
        cursor.execute("""
            INSERT INTO questions (product_id, body, asker_name)
            SELECT CASE WHEN number <= 250 THEN 1 ELSE number END, 'Why?', 'asker'
            FROM generate_series(1, 450) AS number;
            INSERT INTO answers (question_id, body, answerer_name, helpful)
            SELECT CASE WHEN number <= 300 THEN 9 ELSE number END, 'So.', 'answerer', number % 7
            FROM generate_series(1, 400) AS number;
            UPDATE answers SET reported = true WHERE id = 290""")
        cursor.connection.commit()
        cursor.execute("SELECT questions_page(1, 1000, 0, 1000)::text")
        page = cursor.fetchone()
        cursor.connection.commit()
        cursor.execute(MIGRATION)
        cursor.connection.commit()
        cursor.execute("SELECT questions_page(1, 1000, 0, 1000)::text")
        assert cursor.fetchone() == page
        cursor.execute("SELECT (SELECT array_agg(id ORDER BY id) FROM questions WHERE ranked),"
                       " (SELECT array_agg(id ORDER BY id) FROM answers WHERE ranked),"
                       " (SELECT count(rank) FROM answers)")
        assert cursor.fetchone() == (list(range(201, 251)), list(range(201, 301)), 99)
