"""What a page takes is bounded in bytes, and so is what the pages of one subject cost all others:
docs/openapi.yaml says what a page leaves out. Pages of usual answers are whole."""

import contextlib
import json
import random
import threading

import pytest

import seed
from api import Api, ask, new_product
from product_pages import READY
from stack import wait_until

QUESTION_BYTES = 200 * 1024  # of the answers of a question on its product page
PAGE_BYTES = 8 * 1024 * 1024
PHOTOS_BYTES = 4 * 1024 * 1024  # of a page of answers
LONG_BODY = "x" * 1000
LONG_PHOTOS = [f"https://img.example/{number}/".ljust(2000, "p") for number in range(10)]


def long_answers(stack, question, count, body=LONG_BODY, photos=LONG_PHOTOS):
    """The later ones are the more helpful."""
    answers = [answer for answer, in stack.sql("""
        INSERT INTO answers (question_id, body, answerer_name, answerer_email, helpful)
        SELECT %s, %s, 'answerer', 'answerer@mail.example', nth FROM generate_series(1, %s) AS nth
        RETURNING id""", question, body, count)]
    stack.sql("""
        INSERT INTO answers_photos (answer_id, url)
        SELECT answer, url FROM unnest(%s::bigint[]) AS answer, unnest(%s::text[]) AS url""",
              answers, photos)
    return answers[::-1]


def counted(photos):
    """The bytes of photo URLs that count: as JSON."""
    return len(json.dumps(photos, ensure_ascii=False).encode())


def shown(question):
    return [answer["id"] for answer in question["answers"].values()]


def page_of(api, product, **parameters):
    response = api.get("/qa/questions", params={"product_id": product, **parameters})
    assert response.status_code == 200
    return response


def test_a_product_page_shows_of_each_question_the_first_answers_up_to_a_number_of_bytes(stack, api):
    product = new_product()
    questions = seed.questions(stack, product, [5, 4, 3, 2, 1])
    answers = {question: long_answers(stack, question, 100) for question in questions}
    response = page_of(api, product)
    fitting = QUESTION_BYTES // (len(LONG_BODY) + counted(LONG_PHOTOS))
    assert fitting == 9
    results = response.json()["results"]
    assert [each["question_id"] for each in results] == questions
    for question in results:
        assert shown(question) == answers[question["question_id"]][:fitting]
    assert len(response.content) < 5 * QUESTION_BYTES * 1.1
    # nothing is lost: the list of answers has them all, with their photos
    listed = [each for page in range(1, 11) for each in api.answers(questions[0], page=page, count=10)]
    assert [each["answer_id"] for each in listed] == answers[questions[0]]
    assert all([photo["url"] for photo in each["photos"]] == LONG_PHOTOS for each in listed)


@pytest.mark.parametrize("more, fitting", [(0, 100), (1, 99)])
def test_answers_that_just_fit_are_all_there(stack, api, more, fitting):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    photos = ["https://img.example/".ljust(QUESTION_BYTES // 100 - len(LONG_BODY) - 4, "p")]
    assert (len(LONG_BODY) + counted(photos)) * 100 == QUESTION_BYTES
    answers = long_answers(stack, question, 100, photos=photos)
    if more:
        stack.sql("UPDATE answers SET body = overlay(body placing '\u00e9' from 1) WHERE id = %s", answers[-1])
    [page] = page_of(api, product).json()["results"]
    assert shown(page) == answers[:fitting]


def test_bytes_are_counted_not_characters(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    answers = long_answers(stack, question, 100, body="\N{TEDDY BEAR}" * 1000, photos=[])
    [page] = page_of(api, product).json()["results"]
    assert shown(page) == answers[:QUESTION_BYTES // (4000 + counted([]))]


def test_a_page_of_many_questions_shows_all_of_them_and_answers_until_it_is_full(stack, api):
    product = new_product()
    questions = seed.questions(stack, product, range(60, 0, -1))
    answers = {question: long_answers(stack, question, 12) for question in questions}
    response = page_of(api, product, count=1000)
    results = response.json()["results"]
    assert [each["question_id"] for each in results] == questions
    size = len(LONG_BODY) + counted(LONG_PHOTOS)
    room = PAGE_BYTES
    for question in results:
        fitting = min(room, QUESTION_BYTES) // size
        assert shown(question) == answers[question["question_id"]][:fitting]
        room -= fitting * size
    assert [] in map(shown, results)
    assert len(response.content) < PAGE_BYTES * 1.1
    # the same questions on pages of their own have theirs
    last = page_of(api, product, page=60, count=1).json()["results"]
    assert [shown(each) for each in last] == [answers[questions[-1]][:9]]


@pytest.mark.parametrize("count", [39, 40, 41, 1000])
def test_pages_of_usual_questions_are_the_same_in_every_length(stack, api, count):
    product = new_product()
    questions = seed.questions(stack, product, range(50, 0, -1))
    for question in questions[:30]:
        seed.answers(stack, question, [3, 7, 7])
    whole = page_of(api, product, count=50).text
    single = [page_of(api, product, page=nth, count=1).json()["results"][0] for nth in range(1, 51)]
    assert json.loads(whole)["results"] == single
    pages = [page_of(api, product, page=page, count=count).text
             for page in range(1, -(-50 // count) + 1)]
    assert sum((json.loads(page)["results"] for page in pages), []) == single
    if count >= 50:
        assert pages == [whole]


def test_a_page_of_answers_leaves_out_photos_beyond_the_answers_share(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    answers = long_answers(stack, question, 300)
    few = long_answers(stack, question, 10, photos=["https://img.example/1.jpg"])
    response = api.get(f"/qa/questions/{question}/answers", params={"count": 1000})
    results = response.json()["results"]
    assert {each["answer_id"] for each in results} == {*answers, *few}
    for each in results:
        assert each["body"] == LONG_BODY
        assert len(each["photos"]) == (each["answer_id"] in few)
    assert len(response.content) < PHOTOS_BYTES + 310 * 1200
    share = counted(LONG_PHOTOS)
    for count, photos in [(PHOTOS_BYTES // share, 10), (PHOTOS_BYTES // share + 1, 0)]:
        assert {len(each["photos"]) for each in api.answers(question, count=count)} == {photos}


def test_the_largest_page_that_posts_can_make_is_served(stack, api):
    """Of JSON alone more than PostgreSQL can hold in a value, were everything shown."""
    product = new_product()
    stack.sql("""
        WITH question AS (
            INSERT INTO questions (product_id, body, asker_name, asker_email)
            SELECT %s, repeat(E'\\x01', 1000), repeat(E'\\x01', 60), 'asker@mail.example'
            FROM generate_series(1, 1000)
            RETURNING id)
        INSERT INTO answers (question_id, body, answerer_name, answerer_email, photo_urls)
        SELECT id, repeat(E'\\x01', 1000), repeat(E'\\x01', 60), 'answerer@mail.example',
            %s::json
        FROM question, generate_series(1, 30)""", product, json.dumps(LONG_PHOTOS))
    response = page_of(api, product, count=1000)
    assert len(response.json()["results"]) == 1000
    assert len(response.content) < 20 * 1024 * 1024


def test_a_ready_made_page_is_bounded_as_well(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    answers = long_answers(stack, question, 20)
    wait_until(lambda: (product,) in stack.sql(READY))
    [(made,)] = stack.sql("SELECT page::text FROM product_pages WHERE product_id = %s", product)
    assert shown(json.loads(made)["results"][0]) == answers[:9]
    assert page_of(api, product).text == made


# What the pages of one product cost all others

@contextlib.contextmanager
def without_pause(count, work):
    """`work(api)`, over and over, by some clients at once; what it raises fails the test."""
    stop, failures = threading.Event(), []

    def run():
        try:
            while not stop.is_set():
                work()
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    clients = [threading.Thread(target=run) for _ in range(count)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert failures == []


@pytest.mark.parametrize("parameters", [{}, {"count": 1000}], ids=["first page", "largest page"])
def test_readers_and_a_voter_of_the_largest_pages_leave_all_others_served(stack, api, parameters):
    product, others = new_product(), [new_product() for _ in range(50)]
    questions = seed.questions(stack, product, range(30, 0, -1))
    answers = [long_answers(stack, question, 100)[0] for question in questions]
    for other in others:
        seed.questions(stack, other, [1, 2, 3])

    def read():
        client = Api(stack.base_url)
        response = client.get("/qa/questions", params={"product_id": product, **parameters})
        assert response.status_code in (200, 503), response.text
        assert response.status_code == 200 or "Retry-After" in response.headers

    def vote():
        Api(stack.base_url).vote("answers", answers[0])

    with without_pause(20, read), without_pause(1, vote):
        for other in others * 3:
            assert len(api.questions(other, count=3)) == 3
            assert len(api.questions(other, page=2, count=2)) == 1


def test_readers_of_different_long_pages_of_a_product_leave_all_others_served(stack):
    """A worker that has made one of them knows what the others weigh."""
    product, others = new_product(), [new_product() for _ in range(50)]
    questions = seed.questions(stack, product, range(60, 0, -1))
    for question in questions:
        long_answers(stack, question, 12)
    for other in others:
        seed.questions(stack, other, [1, 2, 3])
    for worker in stack.worker_connections():
        assert ask(worker, "GET", f"/qa/questions?product_id={product}&count=20").status_code == 200
        worker.close()

    def read():
        count = random.randint(5, 49)
        page = random.randint(1, 60 // count)
        response = Api(stack.base_url).get("/qa/questions", params={
            "product_id": product, "page": page, "count": count})
        assert response.status_code in (200, 503), response.text
        assert response.status_code == 200 or "Retry-After" in response.headers

    def vote():
        Api(stack.base_url).vote("questions", random.choice(questions))

    api = Api(stack.base_url)
    with without_pause(40, read), without_pause(1, vote):
        for other in others * 5:
            assert len(api.questions(other, count=3)) == 3
            assert len(api.questions(other, page=2, count=2)) == 1
