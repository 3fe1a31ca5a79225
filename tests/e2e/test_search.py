"""`q`: search in a product's questions and their answers, and in a question's answers."""

import random

import pytest
import requests

import seed
from api import ask_once, assert_problem, new_product
from test_orders import KEYS, pages

WORDS = ["warm", "Warmth", "shrinks", "wool", "size", "zip", "Größe", "靴は", "50%", "C++", "a.b", "x(y)"]
SIZES = [40, 500]  # of a product: some questions, and more than PostgreSQL looks through


@pytest.fixture
def api(front):
    return front


@pytest.fixture(scope="module", params=SIZES)
def product(stack, request):
    """(product, its questions that are shown: id, helpful, created, texts), whose texts are random words."""
    rng, product = random.Random(request.param), new_product()
    numbers = seed.questions(stack, product, [rng.randrange(5) for _ in range(request.param)])
    rows = []
    for number in numbers:
        texts = [" ".join(rng.sample(WORDS, 3)) for _ in range(1 + rng.randrange(3))]
        reported = rng.random() < 0.1
        stack.sql("UPDATE questions SET body = %s, reported = %s, created_at = timestamptz '2020-01-01'"
                  " + interval '1 day' * (id %% 7) WHERE id = %s", texts[0], reported, number)
        for text in texts[1:]:
            seed.answers(stack, number, [0], body=text)
        if rng.random() < 0.3:
            seed.answers(stack, number, [0], body="unfindable", reported=True)
        [(helpful, created)] = stack.sql(
            "SELECT helpful, extract(epoch FROM created_at)::float FROM questions WHERE id = %s", number)
        if not reported:
            rows.append({"id": number, "helpful": helpful, "created": created, "texts": texts,
                         "answered": len(texts) > 1})
    return product, rows


def is_found(row, q):
    return any(all(word.lower() in text.lower() for word in q.split()) for text in row["texts"])


@pytest.mark.parametrize("q", [
    "warm", "WARM", "armt", "größe", "zip wool", "wool  zip\twool", "靴", "0%", "c++", "a.b", "(y", "size warm zip",
    "nothing", "unfindable", "w", "i z"])
@pytest.mark.parametrize("sort", KEYS)
def test_what_is_found_comes_in_every_order(api, product, q, sort):
    number, rows = product
    for answered in (None, True, False):
        chosen = {} if answered is None else {"answered": str(answered).lower()}
        expected = [row["id"] for row in sorted(rows, key=KEYS[sort])
                    if is_found(row, q) and answered in (None, row["answered"])]
        assert pages(lambda **more: api.questions(number, **more), "question_id", sort=sort, q=q, **chosen) == expected
        total = api.get("/qa/questions", params={"product_id": number, "q": q, **chosen},
                        headers={"Prefer": "count=exact"}).headers["Total-Count"]
        assert int(total) == len(expected)


def test_elements_are_those_of_the_whole_list(api, product):
    whole = {question["question_id"]: question for question in api.questions(product[0], count=1000)}
    for question in api.questions(product[0], q="warm", count=1000):
        assert question == whole[question["question_id"]]


@pytest.mark.parametrize("size", [30, 230])
@pytest.mark.parametrize("sort", KEYS)
def test_answers_of_a_question_are_searched(stack, api, size, sort):
    [question] = seed.questions(stack, new_product(), [0], body="warm")
    seed.many_answers(stack, question, size)
    stack.sql("UPDATE answers SET helpful = id %% 3, body = (ARRAY['warm wool', 'Wool', 'size'])[1 + id %% 3],"
              " created_at = timestamptz '2020-01-01' + interval '1 day' * (id %% 5) WHERE question_id = %s", question)
    rows = [dict(zip(("id", "helpful", "created", "body"), row)) for row in stack.sql(
        "SELECT id, helpful, extract(epoch FROM created_at)::float, body FROM answers WHERE question_id = %s", question)]
    expected = [row["id"] for row in sorted(rows, key=KEYS[sort]) if "wool" in row["body"].lower()]
    assert pages(lambda **more: api.answers(question, **more), "answer_id", sort=sort, q="WOOL") == expected
    response = api.get(f"/qa/questions/{question}/answers", params={"q": "WOOL", "count": 3},
                       headers={"Prefer": "count=exact"})
    assert response.headers["Total-Count"] == str(len(expected))
    assert 'rel="next"' in response.headers["Link"]
    assert list(response.json()) == ["question", "page", "count", "results"]


@pytest.mark.parametrize("q", ["", "%20", "+%09%E2%80%83", "&highlight=true", "&highlight=false"])
def test_an_empty_or_blank_search_is_the_whole_list(stack, product, q):
    for path in (f"/qa/questions?product_id={product[0]}", f"/qa/questions/{product[1][0]['id']}/answers?x="):
        plain, searched = ask_once(stack, "GET", path), ask_once(stack, "GET", f"{path}&q={q}")
        assert (searched.status_code, searched.content) == (200, plain.content)
        assert searched.headers["ETag"] == plain.headers["ETag"]


# Ranges

def test_ranges_say_where_the_words_are(api):
    product = new_product()
    first = api.add_question(product, body="\U0001F600 Warm, warmer: WARMTH and wool")["question_id"]
    answer = api.add_answer(first, body="woolwool\u0301 is a.b")["answer_id"]
    api.add_answer(first, body="nothing")
    second = api.add_question(product, body="w\nwarm")["question_id"]
    shown = api.get("/qa/questions", params={"product_id": product, "q": "warm", "highlight": "true"}).json()
    assert list(shown) == ["product_id", "results", "matches"]
    assert shown["results"] == api.questions(product, q="warm")
    assert shown["matches"] == {
        "questions": {str(first): [[2, 6], [8, 12], [16, 20]], str(second): [[2, 6]]}, "answers": {}}
    shown = api.get("/qa/questions", params={"product_id": product, "q": "WOOL a.B", "highlight": "true"}).json()
    assert shown["matches"] == {"questions": {str(first): [[27, 31]]},
                                "answers": {str(answer): [[0, 4], [4, 8], [13, 16]]}}
    shown = api.get(f"/qa/questions/{first}/answers", params={"q": "wool", "highlight": "true"}).json()
    assert list(shown) == ["question", "page", "count", "results", "matches"]
    assert shown["matches"] == {"answers": {str(answer): [[0, 4], [4, 8]]}}


@pytest.mark.parametrize("text", ["<b>&amp;</b> \"'", "$1 \\1 \\\\", "\u2028\u05d0\u0001 \U0001F600", "[a-z]*(?i)"])
def test_ranges_are_code_points_of_the_text_as_it_is(api, text):
    product = new_product()
    number = api.add_question(product, body="\U0001F600" + text + "needle" + text)["question_id"]
    shown = api.get("/qa/questions", params={"product_id": product, "q": "needle", "highlight": "true"}).json()
    [question] = shown["results"]
    [[begin, end]] = shown["matches"]["questions"][str(number)]
    assert question["question_body"][begin:end] == "needle"


# Hostile searches

HOSTILE = ["'", "\"", "\\", "%", "_", "*", "***=", "***:a", "(", ")", "[", "]", "{", "}", "{1,2}", "?", "+", "|", "^", "$", ".",
           "(?i)a", "(?=.*a)", "\\1", "\\y", "a|b", "a & b", "a:*", "!a", "-a", "\"a b\"", "a OR b", "<->", "' OR 1=1 --",
           "); DROP TABLE questions; --", "\U0001F600", "\u0301", "\u202e", "\ufeff", "a" * 100, "ä" * 100, "\U0001F600" * 100,
           "a b c d e f g h i j", "()" * 50, "[[" * 50, "\\" * 100, "\x01\x1f\x7f", "\ufffe\uffff"]


@pytest.mark.parametrize("q", HOSTILE)
def test_a_hostile_search_is_only_text(stack, api, q):
    product = new_product()
    api.add_question(product, body="nothing of that kind")
    for highlight in ("false", "true"):
        response = api.get("/qa/questions", params={"product_id": product, "q": q, "highlight": highlight})
        assert response.status_code == 200, response.text
    number = api.add_question(product, body=f"before {q} after")["question_id"]
    assert [question["question_id"] for question in api.questions(product, q=q)][-1:] == [number]


@pytest.mark.parametrize("q", [
    "a" * 101, "\U0001F600" * 101, "a " * 10 + "a b", "x" * 4000, " ".join("abcdefghijk")])
def test_a_long_search_is_400(stack, q):
    for path in ("/qa/questions?product_id=1", "/qa/questions/1/answers?"):
        response = requests.get(stack.base_url + path, params={"q": q})
        assert_problem(response, 400 if len(requests.utils.quote(q)) < 8000 else 414, "q" if len(q) < 8000 else None)


@pytest.mark.parametrize("q", ["%00", "a%00b", "%FF", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "%zz", "%", "%E2%82"])
def test_a_search_that_is_no_text_is_400(stack, q):
    for path in ("/qa/questions?product_id=1", "/qa/questions/1/answers?"):
        assert_problem(ask_once(stack, "GET", f"{path}&q={q}"), 400, "q")


@pytest.mark.parametrize("value", ["yes", "1", "TRUE"])
def test_another_highlight_is_400(stack, value):
    assert_problem(ask_once(stack, "GET", f"/qa/questions?product_id=1&q=a&highlight={value}"), 400, "highlight")


# The cache

def test_a_search_shows_every_write_at_once(api):
    product = new_product()

    def found():
        return [question["question_id"] for question in api.questions(product, q="needle")]

    assert found() == []
    first = api.add_question(product, body="a needle")["question_id"]
    assert found() == [first]
    second = api.add_question(product, body="none")["question_id"]
    assert found() == [first]
    answer = api.add_answer(second, body="Needles!")["answer_id"]
    assert found() == [first, second]
    api.vote("questions", second)
    assert found() == [second, first]
    api.report("answers", answer)
    assert found() == [first]
    api.report("questions", first)
    assert found() == []


def test_searches_are_kept_apart(stack):
    """Also in NGINX, which responds with most of them when they are asked for again."""
    product = new_product()
    words = [f"word{number}" for number in range(20)]
    for word in words:
        seed.questions(stack, product, [0], body=word)
    targets = [f"/qa/questions?product_id={product}&q={word}{more}" for word in words for more in ("", "&highlight=true")]
    first = [ask_once(stack, "GET", target).content for target in targets]
    assert len(set(first)) == len(targets)
    for index in random.sample(range(len(targets)), len(targets)):
        assert ask_once(stack, "GET", targets[index]).content == first[index]


# Large products: who belongs to the indexes

def large_products(stack, question):
    return {product for product, in stack.sql("SELECT large_product FROM answers WHERE question_id = %s", question)}


def test_answers_know_the_large_product_that_they_belong_to(stack, api):
    large, small = new_product(), new_product()
    seed.many_questions(stack, large, 201)
    [(ranked,)] = stack.sql("SELECT id FROM questions WHERE product_id = %s AND ranked", large)
    [(other,)] = stack.sql("SELECT min(id) FROM questions WHERE product_id = %s", large)
    api.add_answer(ranked)
    api.add_answer(other)
    assert (large_products(stack, ranked), large_products(stack, other)) == ({large}, {None})
    stack.sql("UPDATE questions SET product_id = %s WHERE id = %s", small, ranked)
    assert large_products(stack, ranked) == {None}
    seed.many_questions(stack, small, 200)
    stack.sql("UPDATE questions SET product_id = %s WHERE id = %s", small, other)
    assert large_products(stack, other) == {small}
    stack.sql("UPDATE answers SET question_id = %s WHERE question_id = %s", ranked, other)
    assert large_products(stack, ranked) == {None}
