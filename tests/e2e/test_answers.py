"""GET /qa/questions/:question_id/answers: the answers of one question."""

import pytest

import seed
from api import ANSWER_KEYS, DATE, MAX_ID, new_product


@pytest.fixture
def question(stack):
    """A question nobody has answered."""
    return seed.questions(stack, new_product(), [0])[0]


def ids(answers):
    return [answer["answer_id"] for answer in answers]


def test_an_unknown_question_has_an_empty_list(api):
    response = api.get(f"/qa/questions/{MAX_ID}/answers")
    assert response.status_code == 200
    assert response.json() == {"question": str(MAX_ID), "page": 1, "count": 5, "results": []}


def test_content_type_is_json(api, question):
    response = api.get(f"/qa/questions/{question}/answers")
    assert response.headers["Content-Type"].split(";")[0] == "application/json"


def test_envelope_shows_the_question_as_a_string_and_page_and_count_as_numbers(api, question):
    envelope = api.get(f"/qa/questions/{question}/answers?count=7&page=2").json()
    assert list(envelope.items()) == [
        ("question", str(question)), ("page", 2), ("count", 7), ("results", [])]


def test_answer_has_the_documented_keys_in_order_and_their_types(api, question):
    api.add_answer(question)
    [answer] = api.answers(question)
    assert list(answer) == ANSWER_KEYS
    assert [type(value) for value in answer.values()] == [int, str, str, str, int, list]
    assert DATE.fullmatch(answer["date"])
    assert answer["helpfulness"] == 0
    assert answer["photos"] == []


def test_photos_are_objects_with_id_and_url_in_the_order_given(api, question):
    urls = [f"https://img.example/{name}.jpg" for name in "zaq"]
    api.add_answer(question, photos=urls)
    photos = api.answers(question)[0]["photos"]
    assert [list(photo) for photo in photos] == [["id", "url"]] * 3
    assert [photo["url"] for photo in photos] == urls
    assert len({photo["id"] for photo in photos}) == 3


def test_both_lists_tell_the_same_of_an_answer(api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    answer = api.add_answer(question, photos=["https://img.example/1.jpg"])["answer_id"]
    api.vote("answers", answer, times=3)
    [listed] = api.answers(question)
    [nested] = api.questions(product)[0]["answers"].values()
    assert listed.pop("photos")[0]["url"] == nested.pop("photos")[0]
    assert list(listed.values()) == list(nested.values())
    assert listed["helpfulness"] == 3


def test_answers_are_ordered_by_helpfulness_falling_then_id(stack, api, question):
    a, b, c, d = seed.answers(stack, question, [1, 5, 10, 5])
    assert ids(api.answers(question)) == [c, b, d, a]


def test_pages_together_hold_each_answer_once_and_in_order(stack, api, question):
    created = seed.answers(stack, question, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    everything = api.answers(question, count=100)
    assert sorted(ids(everything)) == sorted(created)
    pages = [api.answers(question, page=page, count=4) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [4, 4, 3, 0]
    assert sum(pages, []) == everything


def test_a_page_has_five_answers_by_default(stack, api, question):
    created = seed.answers(stack, question, [0] * 7)
    assert ids(api.answers(question)) == created[:5]
    assert ids(api.answers(question, page=2)) == created[5:]


def test_a_count_above_1000_is_treated_as_1000(stack, api, question):
    seed.many_answers(stack, question, 1005)
    envelope = api.get(f"/qa/questions/{question}/answers?count=1001&page=1").json()
    assert envelope["count"] == len(envelope["results"]) == 1000
    envelope = api.get(f"/qa/questions/{question}/answers?count={MAX_ID}&page=2").json()
    assert envelope["count"] == 1000
    assert len(envelope["results"]) == 5


def test_reported_answer_vanishes(api, question):
    hidden, shown = (api.add_answer(question)["answer_id"] for _ in range(2))
    api.report("answers", hidden)
    assert ids(api.answers(question)) == [shown]


def test_answers_of_a_reported_question_are_still_listed(api, question):
    answer = api.add_answer(question)["answer_id"]
    api.report("questions", question)
    assert ids(api.answers(question)) == [answer]


def test_only_answers_of_that_question_are_listed(stack, api, question):
    [other] = seed.questions(stack, new_product(), [0])
    mine, _ = api.add_answer(question)["answer_id"], api.add_answer(other)
    assert ids(api.answers(question)) == [mine]
