"""Where the service cannot know whether a write was committed, it says so and sends nothing again."""

import pytest

import seed
import test_process
from api import ask, assert_problem, new_product
from link import link
from wire import Client, request, send_at_once


@pytest.fixture(params=[1, 20])
def votes(request):
    """How many come together: a lone write and a batch."""
    return request.param


def test_an_error_that_libpq_makes_itself_is_no_rollback(stack, tmp_path, votes):
    """The server has committed the batch: sent again, it would be applied twice."""
    [question] = seed.questions(stack, new_product(), [0])
    answers = seed.answers(stack, question, [0] * votes)
    statement = "vote_answer" if votes == 1 else "vote_answers"
    with link(stack.serving_url, statement) as (url, between), \
            test_process.running(stack, tmp_path, DATABASE_URL=url,
                                 QA_WRITE_CONNECTIONS="1") as service:
        service.wait_until_ready()
        clients = [Client(service.folder / "run/worker0.sock") for _ in answers]
        between.falsifies = True
        send_at_once(clients, [request("PUT", f"/qa/answers/{answer}/helpful") for answer in answers])
        statuses = [client.receive().status for client in clients]
        for client in clients:
            client.close()
        assert between.falsified == 1
        assert 504 in statuses
        # 503: sent after that to a worker that has no connection; nothing was written.
        counted = {204: 1, 503: 0, 504: 1}
        expected = {answer: counted[status] for answer, status in zip(answers, statuses)}
        service.wait_until_ready()
        [listed] = [ask(service.connection(), "GET", f"/qa/questions/{question}/answers?count=100")]
        shown = {each["answer_id"]: each["helpfulness"] for each in listed.json()["results"]}
        assert shown == expected  # those of 504 too: the caches do not hide them
    assert dict(stack.sql("SELECT id, helpful FROM answers WHERE id = ANY (%s)", answers)) == expected


def test_an_error_of_the_commit_belongs_to_its_own_write(stack, api):
    [question] = seed.questions(stack, new_product(), [0])
    stack.sql("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
        CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON questions DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse()""")
    try:
        assert_problem(api.put(f"/qa/questions/{question}/helpful"), 504)
    finally:
        stack.sql("DROP TRIGGER refuse ON questions; DROP FUNCTION refuse()")
    stack.wait_until_whole()
    assert stack.sql("SELECT helpful FROM questions WHERE id = %s", question) == [(0,)]
