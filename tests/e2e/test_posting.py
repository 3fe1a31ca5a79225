"""POST: new questions and answers, as the next GET shows them."""

import pytest

import seed
from api import (ANSWER, ANSWER_KEYS, EMAIL, MAX_ID, MAX_PRODUCT, QUESTION, QUESTION_KEYS,
                 assert_problem, new_product, without)


@pytest.fixture
def question(stack):
    return seed.questions(stack, new_product(), [0])[0]


def test_new_question_is_201_with_location_and_the_element_as_listed(api):
    product = new_product()
    response = api.post("/qa/questions", json={**QUESTION, "product_id": product})
    assert response.status_code == 201
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert response.headers["Location"] == f"/qa/questions?product_id={product}"
    assert list(response.json()) == QUESTION_KEYS
    [listed] = api.get(response.headers["Location"]).json()["results"]
    assert response.json() == listed
    assert (listed["question_body"], listed["asker_name"]) == (QUESTION["body"], QUESTION["name"])


def test_new_answer_is_201_with_location_and_the_element_as_listed(api, question):
    photos = ["https://img.example/2.jpg", "https://img.example/1.jpg"]
    response = api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": photos})
    assert response.status_code == 201
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert response.headers["Location"] == f"/qa/questions/{question}/answers"
    assert list(response.json()) == ANSWER_KEYS
    [listed] = api.get(response.headers["Location"]).json()["results"]
    assert response.json() == listed
    assert (listed["body"], listed["answerer_name"]) == (ANSWER["body"], ANSWER["name"])
    assert [photo["url"] for photo in listed["photos"]] == photos


def test_email_is_stored(stack, api, question):
    answer = api.add_answer(question)["answer_id"]
    asked = api.add_question(new_product())["question_id"]
    assert stack.sql("SELECT answerer_email FROM answers WHERE id = %s", answer) == [(EMAIL,)]
    assert stack.sql("SELECT asker_email FROM questions WHERE id = %s", asked) == [(EMAIL,)]


def test_location_shows_canonical_numbers(api, question):
    response = api.post("/qa/questions", json={**QUESTION, "product_id": "0007"})
    assert response.headers["Location"] == "/qa/questions?product_id=7"
    response = api.post(f"/qa/questions/000{question}/answers", json=ANSWER)
    assert response.headers["Location"] == f"/qa/questions/{question}/answers"


@pytest.mark.parametrize("product", [1, "1", "0001", MAX_PRODUCT, str(MAX_PRODUCT)])
def test_product_id_is_an_integer_or_a_string_of_digits(api, product):
    response = api.post("/qa/questions", json={**QUESTION, "product_id": product})
    assert response.status_code == 201
    assert response.headers["Location"] == f"/qa/questions?product_id={int(product)}"


@pytest.mark.parametrize("path", [
    "/qa/questions", "/qa/questions/", "/qa/questions/{other}", "/qa/questions/{other}/",
    "/qa/questions?product_id={other}", "/qa/questions/{other}?product_id={other}",
])
def test_product_is_taken_from_the_body_first(api, path):
    product = new_product()
    response = api.post(path.format(other=new_product()), json={**QUESTION, "product_id": product})
    assert response.headers["Location"] == f"/qa/questions?product_id={product}"
    assert len(api.questions(product)) == 1


@pytest.mark.parametrize("path", ["/qa/questions/{product}", "/qa/questions/{product}/",
                                  "/qa/questions/{product}?product_id={other}"])
def test_else_product_is_taken_from_the_path(api, path):
    product = new_product()
    response = api.post(path.format(product=product, other=new_product()), json=QUESTION)
    assert response.headers["Location"] == f"/qa/questions?product_id={product}"
    assert len(api.questions(product)) == 1


@pytest.mark.parametrize("path", ["/qa/questions?product_id={product}",
                                  "/qa/questions/?x=1&product_id={product}&product_id=x"])
def test_else_product_is_taken_from_the_query_string(api, path):
    product = new_product()
    response = api.post(path.format(product=product), json=QUESTION)
    assert response.headers["Location"] == f"/qa/questions?product_id={product}"
    assert len(api.questions(product)) == 1


@pytest.mark.parametrize("path", ["/qa/questions", "/qa/questions/"])
def test_a_product_that_is_given_nowhere_is_400(api, path):
    assert_problem(api.post(path, json=QUESTION), 400, "product_id")


@pytest.mark.parametrize("path, product", [
    ("/qa/questions/5", "x"), ("/qa/questions/5", None), ("/qa/questions?product_id=5", ""),
    ("/qa/questions/x", 5), ("/qa/questions/0", 5), ("/qa/questions/2147483648", 5),
    ("/qa/questions?product_id=x", 5), ("/qa/questions?product_id=%00", 5),
    ("/qa/questions/5?product_id=0", 5),
])
def test_where_the_product_is_given_in_several_places_each_must_be_valid(api, path, product):
    response = api.post(path, json={**QUESTION, "product_id": product})
    assert_problem(response, 400, "product_id")


@pytest.mark.parametrize("path", ["/qa/questions/x", "/qa/questions?product_id=x"])
def test_a_wrong_product_outside_the_body_is_400_when_the_body_has_none(api, path):
    assert_problem(api.post(path, json=QUESTION), 400, "product_id")


def test_an_answer_to_an_unknown_question_is_404(api):
    assert_problem(api.post(f"/qa/questions/{MAX_ID}/answers", json=ANSWER), 404)


def test_a_refused_answer_leaves_nothing_behind(stack, api, question):
    photos = ["https://img.example/1.jpg", "javascript:alert(1)"]
    response = api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": photos})
    assert_problem(response, 400, "photos")
    assert api.answers(question) == []
    assert stack.sql("SELECT count(*) FROM answers WHERE question_id = %s", question) == [(0,)]


@pytest.mark.parametrize("photos", [{}, {"photos": None}, {"photos": []}])
def test_photos_are_optional(api, question, photos):
    assert api.add_answer(question, **photos)["photos"] == []


def test_photos_of_a_question_are_ignored_like_any_unknown_field(api):
    question = api.add_question(new_product(), photos=42, id=1, helpful=9, reported=True,
                                question_id=5, extra={"nested": [1, 2.5, None]})
    assert question["question_helpfulness"] == 0
    assert question["reported"] is False


@pytest.mark.parametrize("name", ["body", "name", "email"])
def test_every_text_field_is_required(api, question, name):
    product = new_product()
    refused = api.post("/qa/questions", json=without({**QUESTION, "product_id": product}, name))
    assert_problem(refused, 400, name)
    assert api.questions(product) == []
    refused = api.post(f"/qa/questions/{question}/answers", json=without(ANSWER, name))
    assert_problem(refused, 400, name)
