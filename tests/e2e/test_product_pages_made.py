"""The service makes the ready-made pages of products when it has time. What they promise is tested in
test_product_pages.py."""

import os
import signal
import threading
import time

import pytest

import seed
from api import PATIENCE_S, Api, new_product
from product_pages import all_are_ready
from stack import wait_until


def test_the_service_makes_all_pages_ready(stack):
    wait_until(lambda: all_are_ready(stack))


def test_the_service_makes_changed_pages_ready_again(stack, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    answer = api.add_answer(question)["answer_id"]
    api.vote("answers", answer, times=3)
    seed.questions(stack, new_product(), [1, 2, 3])  # by hand
    wait_until(lambda: all_are_ready(stack))
    stack.sql("UPDATE product_pages SET page = '{\"product_id\": \"x\"}' WHERE product_id = %s",
              product)
    other = Api(stack.base_url).get("/qa/questions", params={"product_id": product, "count": 6})
    assert other.json()["results"][0]["answers"][str(answer)]["helpfulness"] == 3
    api.vote("questions", question)
    assert api.questions(product)[0]["question_helpfulness"] == 1
    wait_until(lambda: all_are_ready(stack))


def test_a_product_that_changes_without_pause_is_made_once_a_second(stack, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    done = threading.Event()

    def change():
        while not done.is_set():
            stack.sql("UPDATE questions SET helpful = helpful + 1 WHERE id = %s", question)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        made = set()
        began = time.monotonic()
        while time.monotonic() - began < 3 or len(made) < 3:
            assert time.monotonic() - began < PATIENCE_S
            made.update(stack.sql("SELECT xmin::text FROM product_pages WHERE product_id = %s", product))
    finally:
        done.set()
        changer.join()
    assert len(made) <= 2 + time.monotonic() - began


def test_pages_are_ready_again_after_a_crash_of_the_database(fault_stack):
    wait_until(lambda: all_are_ready(fault_stack))
    fault_stack.stop_database(signal.SIGQUIT)
    fault_stack.start_database()
    wait_until(lambda: all_are_ready(fault_stack))


def test_pages_are_ready_again_when_the_worker_that_makes_them_was_killed(fault_stack):
    fault_stack.wait_until_whole()
    for pid in fault_stack.worker_pids():
        os.kill(pid, signal.SIGKILL)
    fault_stack.sql("DELETE FROM product_pages")
    wait_until(lambda: all_are_ready(fault_stack))
    fault_stack.wait_until_whole()


def test_pages_that_cannot_be_made_are_told_once_and_missed_by_nobody(fault_stack):
    def told():
        return [line for line in fault_stack.log()
                if line["message"] == "a product page cannot be made ready"]

    shop = Api(fault_stack.base_url)
    before = len(told())
    fault_stack.sql("ALTER TABLE product_pages ADD CONSTRAINT none CHECK (false) NOT VALID")
    try:
        product = new_product()
        question = shop.add_question(product)["question_id"]
        wait_until(lambda: len(told()) > before)
        shop.vote("questions", question, times=2)
        assert shop.questions(product)[0]["question_helpfulness"] == 2
    finally:
        fault_stack.sql("ALTER TABLE product_pages DROP CONSTRAINT none")
    wait_until(lambda: all_are_ready(fault_stack))
    assert len(told()) == before + 1


@pytest.mark.parametrize("reason, spoil, mend", [
    ("violates check constraint", "ALTER TABLE product_pages ADD CONSTRAINT none"
     " CHECK (product_id <> {product}) NOT VALID", "ALTER TABLE product_pages DROP CONSTRAINT none"),
    ("statement timeout", """
     CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
     CREATE TRIGGER dawdle BEFORE INSERT ON product_pages FOR EACH ROW
         WHEN (NEW.product_id = {product}) EXECUTE FUNCTION dawdle()""",
     "DROP TRIGGER dawdle ON product_pages; DROP FUNCTION dawdle()")])
def test_a_page_that_cannot_be_made_keeps_no_other_from_being_made(fault_stack, reason, spoil, mend):
    fault_stack.wait_until_ready()
    shop = Api(fault_stack.base_url)
    bad, good = new_product(), new_product()  # in this order they are made
    fault_stack.sql(spoil.format(product=bad))
    try:
        for product in (bad, good):
            shop.add_question(product)
        wait_until(lambda: fault_stack.sql("SELECT product_id FROM product_pages WHERE product_id = %s", good))
        wait_until(lambda: [line for line in fault_stack.log() if line.get("product_id") == bad
                            and reason in line["reason"]])
        assert len(shop.questions(bad)) == 1
        assert not fault_stack.sql("SELECT product_id FROM product_pages WHERE product_id = %s", bad)
    finally:
        fault_stack.sql(mend)
    wait_until(lambda: all_are_ready(fault_stack))


def test_that_all_pages_were_dropped_is_told(fault_stack):
    """The marks have come faster than pages are made: more than 256 MiB of them."""
    def told():
        return [line for line in fault_stack.log() if "were dropped" in line["message"]]

    before = len(told())
    # A tenth of a block for marks fills as many blocks with a tenth of them.
    fault_stack.sql("ALTER TABLE changed_products SET (fillfactor = 10)")
    try:
        fault_stack.sql("INSERT INTO changed_products SELECT 2147483647 FROM generate_series(1, 850000)")
        wait_until(lambda: len(told()) > before)
    finally:
        fault_stack.sql("ALTER TABLE changed_products RESET (fillfactor)")
    wait_until(lambda: all_are_ready(fault_stack))


def test_the_setting_of_answers_holds_for_ready_pages(configured_stack):
    wait_until(lambda: all_are_ready(configured_stack))
    assert configured_stack.sql("SELECT DISTINCT most_answers FROM product_pages") == [(3,)]
