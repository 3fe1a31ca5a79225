"""The ready-made pages of products, in the database: shown only while they are what the query would show, whoever
changes whatever. That the service makes them when it has time is tested in test_product_pages_made.py."""

import contextlib
import re
import threading
import time
import uuid
from pathlib import Path

import psycopg2
import pytest

from api import PATIENCE_S
from product_pages import COUNT_AND_WRONG, READY
from stack import wait_until

pytestmark = pytest.mark.same_with_sanitizers("it is SQL")

SQL = Path(__file__).parents[2] / "sql"
QUERY = re.sub(r"\$(\d)", r"%(p\1)s",
               re.sub("(?m)^--.*", "", (SQL / "queries/list_questions.sql").read_text()))
MOST_ANSWERS = 100
NO_LIMIT = 1 << 40
ALL_LOOKED_AT = (1 << 31) - 1


class Shop:
    """A migrated database that no service uses, with three products and questions of two."""

    def __init__(self, url):
        self.url = url
        self.do("""
            INSERT INTO questions (product_id, body, asker_name, asker_email)
                SELECT 1 + number % 2, 'Why ' || number || '?', 'asker', 'asker@mail.example'
                FROM generate_series(1, 6) AS number;
            INSERT INTO answers (question_id, body, answerer_name, answerer_email)
                SELECT 1 + (number - 1) % 6, 'Because ' || number, 'answerer', 'answerer@mail.example'
                FROM generate_series(1, 12) AS number;
            INSERT INTO answers_photos (answer_id, url) VALUES (1, '/1.jpg'), (2, '/2.jpg')""")

    @contextlib.contextmanager
    def session(self):
        with contextlib.closing(psycopg2.connect(self.url)) as connection:
            yield connection.cursor()

    def do(self, statement, *parameters):
        with self.session() as cursor:
            cursor.connection.autocommit = True
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def page(self, product, count=5, skipped=0, most_answers=MOST_ANSWERS):
        [(page, _)] = self._query(QUERY, product, count, skipped, most_answers)
        return page

    def page_by_query(self, product, count=5, skipped=0, most_answers=MOST_ANSWERS):
        [(page,)] = self._query("SELECT questions_page(%(p1)s, %(p2)s, %(p3)s, %(p4)s)",
                                product, count, skipped, most_answers)
        return page

    def _query(self, query, *parameters):
        with self.session() as cursor:
            cursor.execute(query, {f"p{number}": value
                                   for number, value in enumerate(parameters, 1)})
            return cursor.fetchall()

    def make(self, changed_after=0, missing_after=0, most_products=10, most_answers=MOST_ANSWERS,
             most_bytes=NO_LIMIT):
        [result] = self.do("SELECT * FROM make_pages(%s, %s, %s, %s, %s)", changed_after,
                           missing_after, most_products, most_answers, most_bytes)
        return result

    def shown(self):
        """The products whose ready-made page is shown."""
        return {product for product, in self.do(READY)}


@pytest.fixture
def shop(stack):
    with stack.migrated_database("pages_" + uuid.uuid4().hex) as url:
        shop = Shop(url)
        assert shop.make() == (2, None, None)
        assert shop.shown() == {1, 2}
        yield shop


CHANGES = {
    "a vote for a question": ("UPDATE questions SET helpful = 9 WHERE id = 2", {1}),
    "a vote for an answer": ("UPDATE answers SET helpful = 9 WHERE id = 2", {1}),
    "a report of a question": ("UPDATE questions SET reported = true WHERE id = 2", {1}),
    "a report of an answer": ("UPDATE answers SET reported = true WHERE id = 2", {1}),
    "another text": ("UPDATE answers SET body = 'Look' WHERE id IN (1, 2)", {1, 2}),
    "a photo added": ("INSERT INTO answers_photos (answer_id, url) VALUES (2, '/x.jpg')", {1}),
    "a photo changed": ("UPDATE answers_photos SET url = '/x.jpg' WHERE answer_id = 1", {2}),
    "a photo removed": ("DELETE FROM answers_photos WHERE answer_id = 1", {2}),
    "a photo moved": ("UPDATE answers_photos SET answer_id = 1 WHERE answer_id = 2", {1, 2}),
    "an answer moved": ("UPDATE answers SET question_id = 2 WHERE id = 1", {1, 2}),
    "a question moved": ("UPDATE questions SET product_id = 2 WHERE id = 2", {1, 2}),
    "a question moved to a new product": ("UPDATE questions SET product_id = 3 WHERE id = 2", {1}),
    "a new question": ("INSERT INTO questions (product_id, body, asker_name, asker_email)"
                       " VALUES (1, 'Who?', 'a', 'b@c')", {1}),
    "a new answer": ("INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
                     " VALUES (2, 'Me', 'a', 'b@c')", {1}),
    "a removed answer": ("DELETE FROM answers_photos; DELETE FROM answers WHERE id = 12", {1, 2}),
    "all removed": ("TRUNCATE questions, answers, answers_photos", {1, 2}),
    "all answers removed": ("TRUNCATE answers, answers_photos", {1, 2}),
    "a removed question": ("DELETE FROM answers_photos; DELETE FROM answers;"
                           " DELETE FROM questions WHERE id = 2", {1, 2}),
}


@pytest.mark.parametrize("change, products", CHANGES.values(), ids=CHANGES)
def test_a_page_is_not_shown_after_a_change_until_it_is_made_anew(shop, change, products):
    before = {product: shop.page(product) for product in (1, 2)}
    shop.do(change)
    assert shop.shown() == {1, 2} - products
    for product in (1, 2):
        assert shop.page(product) == shop.page_by_query(product)
        assert (shop.page(product) != before[product]) <= (product in products)
    shop.make()
    assert shop.do("SELECT count(*) FROM changed_products") == [(0,)]
    assert shop.shown() >= {product for product, in shop.do("SELECT product_id FROM questions")}
    for product in (1, 2, 3):
        assert shop.page(product) == shop.page_by_query(product)


def test_a_change_that_is_rolled_back_leaves_the_page(shop):
    with shop.session() as cursor:
        cursor.execute("UPDATE answers SET helpful = 9")
    assert shop.shown() == {1, 2}


def test_only_the_first_page_of_five_is_ready(shop):
    shop.do("UPDATE product_pages SET page = '\"ready\"'")
    assert shop.page(1) == "ready"
    for other in ({"count": 4}, {"skipped": 5}, {"most_answers": 99}):
        assert shop.page(1, **other) == shop.page_by_query(1, **other) != "ready"


def test_pages_with_another_number_of_answers_are_made_anew(shop):
    assert shop.make(most_answers=1) == (2, None, None)
    assert shop.do("SELECT DISTINCT most_answers FROM product_pages") == [(1,)]
    assert shop.page(1, most_answers=1) == shop.page_by_query(1, most_answers=1)
    assert shop.page(1) == shop.page_by_query(1)


def test_a_change_that_is_committed_after_the_page_was_made_is_seen(shop):
    """The maker has not seen its mark, so it leaves it."""
    with shop.session() as cursor:
        cursor.execute("UPDATE answers SET helpful = 9 WHERE id = 2")
        shop.do("UPDATE questions SET helpful = 3 WHERE id = 2")
        shop.make()
        assert shop.shown() == {1, 2}
        cursor.connection.commit()
    assert shop.shown() == {2}
    assert shop.page(1) == shop.page_by_query(1)
    assert shop.make() == (1, None, None)
    assert shop.page(1) == shop.page_by_query(1)


def test_nobody_who_changes_something_waits_for_another_or_for_the_maker(shop):
    with shop.session() as first, shop.session() as maker, shop.session() as second:
        first.execute("UPDATE answers SET helpful = 9 WHERE id = 1")
        maker.execute("SELECT make_pages(0, 0, 10, 100, %s)", (NO_LIMIT,))
        second.execute("SET lock_timeout = '1s'")
        second.execute("UPDATE answers SET helpful = 9 WHERE id = 7")
        second.connection.commit()


def test_a_second_maker_has_nothing_to_do(shop):
    shop.do("UPDATE questions SET helpful = 9")
    with shop.session() as first:
        first.execute("SELECT make_pages(0, 0, 1, 100, %s)", (NO_LIMIT,))
        assert shop.make() == (None, None, None)
        first.connection.rollback()
    assert shop.make() == (2, None, None)


def test_an_import_and_a_maker_do_not_keep_each_other_waiting(shop):
    [lock] = re.findall(r"\d{5,}", (SQL / "import/try_lock.sql").read_text())
    with shop.session() as importer:
        importer.execute(f"SELECT pg_advisory_lock({lock})")
        shop.do("UPDATE questions SET helpful = 9")
        assert shop.make() == (2, None, None)


def test_a_maker_must_see_what_is_committed(shop):
    with shop.session() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg2.Error, match="snapshot"):
            cursor.execute("SELECT make_pages(0, 0, 10, 100, %s)", (NO_LIMIT,))


def waits_for(shop, blocker, change):
    """Does the change while somebody's transaction is open, and then commits that."""
    thread = threading.Thread(target=shop.do, args=(change,))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    blocker.connection.commit()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("change", [
    "UPDATE answers SET helpful = 9 WHERE id = 2",
    "INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
    " VALUES (2, 'Me', 'a', 'b@c')"])
def test_who_answers_a_question_that_moves_marks_where_it_comes_to(shop, change):
    for blocking, waiting, to in (("UPDATE questions SET product_id = 2 WHERE id = 2", change, 2),
                                  (change, "UPDATE questions SET product_id = 3 WHERE id = 2", 3)):
        with shop.session() as blocker:
            blocker.execute(blocking)
            shop.make()
            waits_for(shop, blocker, waiting)
        assert to not in shop.shown()
        shop.make()
        assert shop.page(to) == shop.page_by_query(to)


def test_a_page_is_whole_when_the_tables_were_emptied_and_filled_meanwhile(shop):
    """As an import does that replaces the sample data and adds to the tables."""
    read = []
    with shop.session() as importer:
        importer.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM questions;"
                         "TRUNCATE questions, answers, answers_photos;"
                         "INSERT INTO questions SELECT * FROM kept")
        reader = threading.Thread(target=lambda: read.append(shop.page(1, count=10)))
        reader.start()
        reader.join(0.3)
        assert reader.is_alive()
        importer.connection.commit()
        reader.join(PATIENCE_S)
    assert len(read[0]["results"]) == 3


def test_an_answer_without_its_question_can_be_changed(shop):
    shop.do("SET session_replication_role = replica; DELETE FROM questions WHERE id = 2")
    shop.do("UPDATE answers SET helpful = 9")
    assert shop.shown() == set()


def test_nobody_waits_for_marks_to_be_dropped(shop):
    """A maker that waited for its lock would keep all waiting who change something after it."""
    done = threading.Event()
    times = {"drop": 0, "change": 0}

    def repeat(name, do):
        while not done.is_set():
            do()
            times[name] += 1

    def has_nobody_waited():
        """At any of the looks, while enough was done."""
        assert shop.do("SELECT mode, query FROM pg_locks JOIN pg_stat_activity USING (pid)"
                       " WHERE NOT granted AND locktype = 'relation' AND datname = current_database()") == []
        return min(times.values()) >= 100

    with shop.session() as writer:
        writer.execute("UPDATE questions SET helpful = 8 WHERE id = 1")
        threads = [threading.Thread(target=repeat, args=["drop", lambda: shop.make(most_bytes=0)]),
                   threading.Thread(target=repeat, args=["change", lambda: shop.do(
                       "UPDATE questions SET helpful = 8 WHERE id = 2")])]
        for thread in threads:
            thread.start()
        try:
            wait_until(has_nobody_waited)
        finally:
            done.set()
            for thread in threads:
                thread.join()


def test_pages_are_made_in_steps_changed_ones_first(shop):
    shop.do("UPDATE questions SET product_id = id * 10; TRUNCATE product_pages, changed_products")
    shop.do("UPDATE questions SET helpful = 1 WHERE id IN (4, 5, 6)")
    assert shop.make(most_products=2) == (2, 50, 0)
    assert shop.make(50, 0, most_products=2) == (2, None, 10)
    assert shop.shown() == {40, 50, 60, 10}
    assert shop.make(0, 10, most_products=2) == (2, None, 30)
    assert shop.make(0, 30, most_products=2) == (0, None, None)
    assert shop.make(0, ALL_LOOKED_AT) == (0, None, None)
    assert shop.shown() == {10, 20, 30, 40, 50, 60}


def test_products_that_have_their_page_are_passed_in_large_steps(shop):
    shop.do("INSERT INTO questions (product_id, body, asker_name, asker_email)"
            " SELECT number, 'Why?', 'asker', 'asker@mail.example'"
            " FROM generate_series(3, 50) AS number")
    shop.make(most_products=100)
    shop.do("DELETE FROM product_pages WHERE product_id = 45")
    assert shop.make(most_products=1) == (0, None, 20)
    assert shop.make(0, 20, most_products=1) == (0, None, 40)
    assert shop.make(0, 40, most_products=1) == (1, None, 45)
    assert shop.make(0, 45, most_products=1) == (0, None, None)


def test_too_many_marks_are_dropped_with_all_pages(shop):
    shop.do("UPDATE questions SET helpful = 9")
    with shop.session() as writer:
        writer.execute("UPDATE questions SET helpful = 8 WHERE id = 1")
        # Its mark must not get lost: another time.
        assert shop.make(missing_after=ALL_LOOKED_AT, most_bytes=0) == (2, None, None)
    shop.do("UPDATE questions SET helpful = 9")
    assert shop.make(missing_after=ALL_LOOKED_AT, most_bytes=0) == (0, None, 0)
    assert shop.shown() == set()
    assert shop.page(1) == shop.page_by_query(1)
    assert shop.make() == (2, None, None)


def test_a_page_that_is_made_again_stays_in_its_block(shop):
    """So that no index changes, and the table does not grow by all the pages that ever were."""
    def blocks():
        return dict(shop.do("SELECT product_id, (ctid::text::point)[0] FROM product_pages"))

    shop.do("""
        INSERT INTO questions (product_id, body, asker_name, asker_email)
        SELECT 10 + number % 200, (SELECT string_agg(md5(number || '-' || part), ' ')
                                   FROM generate_series(1, 15) AS part), 'asker', 'asker@mail.example'
        FROM generate_series(1, 600) AS number""")
    shop.make(most_products=300)
    before = blocks()
    assert len(set(before.values())) > 20
    for lap in range(1, 4):
        for part in range(10):
            shop.do("UPDATE questions SET helpful = %s WHERE product_id %% 10 = %s", lap, part)
            assert shop.make(most_products=300)[0] >= 20
    after = blocks()
    moved = [product for product in before if after[product] != before[product]]
    assert len(moved) < len(before) / 5


MARKS_FIRST = f"SELECT make_pages(0, 0, 20, 100, {NO_LIMIT})"
# As make_pages() would be if it removed marks that its pages do not know.
MARKS_LAST = """
    INSERT INTO product_pages
    SELECT product_id, 100, questions_page(product_id, 5, 0, 100)
    FROM (SELECT DISTINCT product_id FROM changed_products) AS marked
    ON CONFLICT (product_id) DO UPDATE SET page = excluded.page;
    SELECT pg_sleep(0.01);
    DELETE FROM changed_products"""


def wrong_pages(shop, make, enough):
    """Four writers, a maker and somebody who checks, all at once, until `enough(checked, wrong)`: how
    many pages were checked, and how many were wrong."""
    done = threading.Event()
    failures = []

    def repeat(*statements):
        try:
            with shop.session() as cursor:
                while not done.is_set():
                    for statement in statements:
                        cursor.execute(statement)
                    cursor.connection.commit()
        except psycopg2.Error as error:
            failures.append(error)

    answer, question = "1 + floor(random() * 12)", "1 + floor(random() * 6)"
    writers = [
        (f"UPDATE answers SET helpful = helpful + 1 WHERE id = (SELECT {answer})",
         "SELECT pg_sleep(random() * 0.03)"),
        (f"UPDATE questions SET helpful = helpful + 1 WHERE id = (SELECT {question})",
         "SELECT pg_sleep(random() * 0.03)"),
        (f"INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
         f" SELECT {question}, 'Me', 'a', 'b@c'", "SELECT pg_sleep(random() * 0.03)"),
        (f"UPDATE answers SET reported = NOT reported WHERE id = (SELECT {answer})",
         "SELECT pg_sleep(random() * 0.03)")]
    threads = [threading.Thread(target=repeat, args=statements)
               for statements in [*writers, (make,)]]
    for thread in threads:
        thread.start()
    checked = wrong = 0
    try:
        with shop.session() as cursor:
            cursor.execute("SET default_transaction_isolation = 'repeatable read'")
            cursor.connection.commit()
            began = time.monotonic()
            while not failures and not enough(checked, wrong):
                assert time.monotonic() - began < PATIENCE_S
                cursor.execute(COUNT_AND_WRONG)
                counts = cursor.fetchone()
                cursor.connection.commit()
                checked, wrong = checked + counts[0], wrong + counts[1]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    return checked, wrong


def test_no_page_is_shown_that_does_not_hold_what_is_committed(shop):
    began = time.monotonic()
    _, wrong = wrong_pages(shop, MARKS_FIRST, lambda checked, wrong: wrong or (
        checked > 100 and time.monotonic() - began > 5))
    assert wrong == 0


def test_the_same_notices_a_maker_that_removes_marks_it_has_not_seen(shop):
    assert wrong_pages(shop, MARKS_LAST, lambda checked, wrong: wrong)[1] > 0


def test_marks_of_one_product_are_removed_in_parts(shop):
    shop.do("INSERT INTO changed_products SELECT 1 FROM generate_series(1, 25000)")
    shop.do("UPDATE questions SET helpful = 9 WHERE product_id = 2")
    assert shop.make() == (2, None, None)
    assert shop.shown() == {2}
    assert [shop.make(), shop.make(), shop.make()] == [(1, None, None), (1, None, None), (0, None, None)]
    assert shop.shown() == {1, 2}
