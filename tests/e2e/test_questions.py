"""GET /qa/questions: the questions of one product."""

from datetime import datetime, timedelta, timezone

import pytest

import seed
from api import DATE, NESTED_ANSWER_KEYS, QUESTION_KEYS, new_product


@pytest.fixture
def api(front):
    return front


def ids(questions):
    return [question["question_id"] for question in questions]


def test_a_product_nobody_asked_about_has_an_empty_list(api):
    product = new_product()
    response = api.get(f"/qa/questions?product_id={product}")
    assert response.status_code == 200
    assert response.json() == {"product_id": str(product), "results": []}


def test_content_type_is_json(api):
    response = api.get("/qa/questions?product_id=1")
    assert response.headers["Content-Type"].split(";")[0] == "application/json"


def test_envelope_shows_the_product_as_a_string_first(api):
    envelope = api.get("/qa/questions?product_id=1").json()
    assert list(envelope) == ["product_id", "results"]
    assert envelope["product_id"] == "1"


def test_question_has_the_documented_keys_in_order_and_their_types(api):
    product = new_product()
    api.add_question(product)
    [question] = api.questions(product)
    assert list(question) == QUESTION_KEYS
    assert [type(value) for value in question.values()] == [int, str, str, str, int, bool, dict]
    assert DATE.fullmatch(question["question_date"])
    assert question["reported"] is False
    assert question["question_helpfulness"] == 0
    assert question["answers"] == {}


def test_answers_are_an_object_keyed_by_id_with_photos_as_urls(api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    photos = ["https://img.example/2.jpg", "https://img.example/1.jpg"]
    plain = api.add_answer(question)["answer_id"]
    with_photos = api.add_answer(question, photos=photos)["answer_id"]
    answers = api.questions(product)[0]["answers"]
    assert list(answers) == [str(plain), str(with_photos)]
    for key, answer in answers.items():
        assert list(answer) == NESTED_ANSWER_KEYS
        assert key == str(answer["id"])
        assert DATE.fullmatch(answer["date"])
    assert answers[str(plain)]["photos"] == []
    assert answers[str(with_photos)]["photos"] == photos


def test_questions_are_ordered_by_helpfulness_falling_then_id(stack, api):
    product = new_product()
    a, b, c, d = seed.questions(stack, product, [1, 5, 0, 5])
    assert ids(api.questions(product)) == [b, d, a, c]


def test_nested_answers_are_ordered_by_helpfulness_falling_then_id(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    a, b, c, d = seed.answers(stack, question, [1, 5, 10, 5])
    assert list(api.questions(product)[0]["answers"]) == [str(i) for i in (c, b, d, a)]


def test_pages_together_hold_each_question_once_and_in_order(stack, api):
    product = new_product()
    created = seed.questions(stack, product, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    everything = api.questions(product, count=100)
    assert sorted(ids(everything)) == sorted(created)
    pages = [api.questions(product, page=page, count=4) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [4, 4, 3, 0]
    assert sum(pages, []) == everything


def test_a_page_has_five_questions_by_default(stack, api):
    product = new_product()
    created = seed.questions(stack, product, [0] * 7)
    assert ids(api.questions(product)) == created[:5]
    assert ids(api.questions(product, page=2)) == created[5:]


@pytest.mark.parametrize("count, first, second", [(1000, 1000, 5), (1001, 1000, 5),
                                                  (2**63 - 1, 1000, 5)])
def test_a_count_above_1000_is_treated_as_1000(stack, api, count, first, second):
    product = new_product()
    seed.many_questions(stack, product, 1005)
    assert len(api.questions(product, count=count)) == first
    assert len(api.questions(product, count=count, page=2)) == second


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_page_of_megabytes_arrives_whole(stack, api, encoding):
    product = new_product()
    seed.many_questions(stack, product, 1000)
    stack.sql("INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
              " SELECT id, repeat('x', 1000), 'answerer', 'answerer@mail.example'"
              " FROM questions, generate_series(1, 5) WHERE product_id = %s", product)
    response = api.get(f"/qa/questions?product_id={product}&count=1000",
                       headers={"Accept-Encoding": encoding})
    assert len(response.content) > 5_000_000
    answers = [question["answers"] for question in response.json()["results"]]
    assert [len(of_question) for of_question in answers] == [5] * 1000


def test_reported_question_vanishes_and_the_rest_of_the_page_moves_up(stack, api):
    product = new_product()
    a, b, c = seed.questions(stack, product, [0, 0, 0])
    api.report("questions", a)
    assert ids(api.questions(product, count=2)) == [b, c]


def test_reported_answer_vanishes_from_its_question(api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    hidden, shown = (api.add_answer(question)["answer_id"] for _ in range(2))
    api.report("answers", hidden)
    assert list(api.questions(product)[0]["answers"]) == [str(shown)]


def test_at_most_a_hundred_answers_come_with_each_question_the_most_helpful_ones(stack, api):
    product = new_product()
    popular, other = seed.questions(stack, product, [1, 0])
    seed.many_answers(stack, popular, 101)
    [best] = seed.answers(stack, popular, [7])
    seed.answers(stack, other, [0])
    first, second = api.questions(product)
    assert len(first["answers"]) == 100
    assert list(first["answers"])[0] == str(best)
    assert len(second["answers"]) == 1


def test_a_reported_answer_takes_no_place_among_the_hundred(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    seed.many_answers(stack, question, 100)
    seed.answers(stack, question, [9], reported=True)
    assert len(api.questions(product)[0]["answers"]) == 100


@pytest.mark.parametrize("stored, shown", [
    ("2018-10-18T02:00:00+02:00", "2018-10-18T00:00:00.000Z"),
    ("2020-02-29T23:59:59.987Z", "2020-02-29T23:59:59.987Z"),
    ("1999-12-31T22:00:00.5-03:30", "2000-01-01T01:30:00.500Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
])
def test_dates_are_iso_8601_in_utc_with_milliseconds(stack, api, stored, shown):
    product = new_product()
    [question] = seed.questions(stack, product, [0], created_at=stored)
    seed.answers(stack, question, [0], created_at=stored)
    [shown_question] = api.questions(product)
    [nested_answer] = shown_question["answers"].values()
    [listed_answer] = api.answers(question)
    assert shown_question["question_date"] == shown
    assert nested_answer["date"] == listed_answer["date"] == shown


def test_a_new_question_is_dated_now(api):
    date = api.add_question(new_product())["question_date"]
    age = datetime.now(timezone.utc) - datetime.fromisoformat(date.replace("Z", "+00:00"))
    assert abs(age) < timedelta(minutes=1)


@pytest.mark.parametrize("first", [1, 491, 981])
def test_sample_data_have_questions_for_most_products(api, first):
    asked = [product for product in range(first, first + 20) if api.questions(product)]
    assert len(asked) >= 10


def test_the_number_of_answers_with_each_question_is_a_setting(configured_api):
    product = new_product()
    question = configured_api.add_question(product)["question_id"]
    answers = [configured_api.add_answer(question)["answer_id"] for _ in range(5)]
    configured_api.vote("answers", answers[4])
    shown = configured_api.questions(product)[0]["answers"]
    assert list(shown) == [str(number) for number in (answers[4], answers[0], answers[1])]
    assert len(configured_api.answers(question)) == 5
