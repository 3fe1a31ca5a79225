"""Lists in another order than by helpfulness, and questions by whether they have an answer."""

import random

import pytest

import seed
from api import ANSWER, QUESTION, Api, ask_once, assert_problem, new_product

SIZES = [60, 260]  # of a list: some, and more than PostgreSQL sorts for a page
KEYS = {"helpful": lambda row: (-row["helpful"], row["id"]),
        "newest": lambda row: (-row["created"], -row["id"]),
        "oldest": lambda row: (row["created"], row["id"])}


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


def scatter(stack, table, column, parent):
    """Few dates and helpfulnesses, so that many are equal; a tenth is reported. Each row that is shown."""
    stack.sql(f"UPDATE {table} SET helpful = id * 7919 %% 5, reported = id * 31 %% 10 = 0,"
              f" created_at = timestamptz '2020-01-01' + interval '1 day' * (id * 104729 %% 12)"
              f" WHERE {column} = %s", parent)
    return [dict(zip(("id", "helpful", "created"), row)) for row in stack.sql(
        f"SELECT id, helpful, extract(epoch FROM created_at)::float FROM {table}"
        f" WHERE {column} = %s AND NOT reported", parent)]


@pytest.fixture(scope="module", params=SIZES)
def product(stack, request):
    """(product, its questions that are shown), each third of which has an answer, some a reported one."""
    product = new_product()
    seed.many_questions(stack, product, request.param)
    rows = scatter(stack, "questions", "product_id", product)
    for number, row in enumerate(rows):
        row["answered"] = number % 3 == 0
        if number % 3 < 2:
            seed.answers(stack, row["id"], [0], reported=number % 3 == 1)
    return product, rows


def pages(get, key, **parameters):
    """The ids of the whole list, page by page, until one past the end."""
    found, page = [], 1
    while shown := get(page=page, count=41, **parameters):
        found += [element[key] for element in shown]
        page += 1
    return found


@pytest.mark.parametrize("sort", KEYS)
@pytest.mark.parametrize("answered", [None, True, False])
def test_questions_come_in_the_order_and_the_choice_that_is_asked_for(api, product, sort, answered):
    number, rows = product
    expected = [row["id"] for row in sorted(rows, key=KEYS[sort])
                if answered is None or row["answered"] == answered]
    chosen = {} if answered is None else {"answered": str(answered).lower()}
    found = pages(lambda **more: api.questions(number, **more), "question_id", sort=sort, **chosen)
    assert found == expected


@pytest.mark.parametrize("sort", KEYS)
@pytest.mark.parametrize("size", SIZES)
def test_answers_come_in_the_order_that_is_asked_for(stack, api, size, sort):
    [question] = seed.questions(stack, new_product(), [0])
    seed.many_answers(stack, question, size)
    rows = scatter(stack, "answers", "question_id", question)
    found = pages(lambda **more: api.answers(question, **more), "answer_id", sort=sort)
    assert found == [row["id"] for row in sorted(rows, key=KEYS[sort])]


def test_elements_are_the_same_in_every_order(api, product):
    def by_id(**parameters):
        shown = api.questions(product[0], count=1000, **parameters)
        return {question["question_id"]: question for question in shown}
    plain = by_id()
    for sort in KEYS:
        assert by_id(sort=sort, answered="") == plain
    assert {**by_id(answered="true"), **by_id(answered="false")} == plain


def test_answers_and_their_photos_are_the_same_in_every_order(stack, api):
    product = new_product()
    question = api.post("/qa/questions", json={**QUESTION, "product_id": product}).json()["question_id"]
    for number in range(3):
        api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": number * [f"/{number}.jpg"]})
    plain = api.answers(question)
    assert api.answers(question, sort="newest") == plain[::-1]
    assert api.answers(question, sort="oldest") == plain


@pytest.mark.parametrize("path", ["/qa/questions?product_id=1", "/qa/questions/1/answers?"])
def test_the_default_order_is_that_of_a_list_without_one(stack, path):
    plain = ask_once(stack, "GET", path)
    for more in ("&sort=helpful", "&sort=", "&answered=", "&sort&answered"):
        answer = ask_once(stack, "GET", path + more)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (
            200, plain.content, plain.headers["ETag"])


@pytest.mark.parametrize("name, value", [("sort", value) for value in (
    "new", "Newest", "newest%20", "helpful,newest", "1", "%00", "newest%00", "%FF")] + [
    ("answered", value) for value in ("yes", "TRUE", "1", "true%00")])
def test_another_order_or_choice_is_400(stack, name, value):
    assert_problem(ask_once(stack, "GET", f"/qa/questions?product_id=1&{name}={value}"), 400, name)
    if name == "sort":
        assert_problem(ask_once(stack, "GET", f"/qa/questions/1/answers?{name}={value}"), 400, name)


def test_a_list_in_any_order_shows_every_write_at_once(api):
    product = new_product()
    paths = {"sort": list(KEYS), "answered": ["true", "false"]}

    def shown(**parameters):
        return [question["question_id"] for question in api.questions(product, **parameters)]

    def ask():
        for name, values in paths.items():  # so that all of them are kept
            for value in values:
                shown(**{name: value})
        return api.post("/qa/questions", json={**QUESTION, "product_id": product}).json()["question_id"]

    first, second = ask(), ask()
    assert shown(sort="newest") == [second, first]
    assert shown(sort="oldest") == shown(sort="helpful") == shown(answered="false") == [first, second]
    answer = api.post(f"/qa/questions/{first}/answers", json=ANSWER).json()["answer_id"]
    assert (shown(answered="true"), shown(answered="false")) == ([first], [second])
    assert api.put(f"/qa/answers/{answer}/report").status_code == 204
    assert (shown(answered="true"), shown(answered="false")) == ([], [first, second])
    assert api.put(f"/qa/questions/{second}/report").status_code == 204
    assert shown(sort="newest") == shown(sort="oldest") == [first]


def test_pages_of_each_order_are_kept_apart(stack):
    """Also in NGINX, which responds with most of them when they are asked for again."""
    product = new_product()
    seed.many_questions(stack, product, 40)
    scatter(stack, "questions", "product_id", product)
    targets = [f"/qa/questions?product_id={product}&count=40&sort={sort}&answered={answered}"
               for sort in KEYS for answered in ("", "false")]
    first = [ask_once(stack, "GET", target).content for target in targets]
    assert len(set(first)) == len(KEYS)  # nothing is answered
    for index in random.sample(range(len(targets)), len(targets)):
        assert ask_once(stack, "GET", targets[index]).content == first[index]
