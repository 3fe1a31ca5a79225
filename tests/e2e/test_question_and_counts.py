"""One question, for permalinks; and how many questions and answers products have."""

import pytest

import seed
from api import MAX_ID, MAX_PRODUCT, QUESTION_KEYS, STRONG_TAG, ask_once, assert_problem, new_product, without
from stack import wait_until

MOST_PRODUCTS = 100


@pytest.fixture
def api(front):
    return front


def counts(api, *products):
    response = api.get("/qa/counts", params={"product_ids": ",".join(map(str, products))})
    assert response.status_code == 200, response.text
    return [(row["product_id"], row["questions"], row["answers"]) for row in response.json()["results"]]


# One question

def test_a_question_is_the_element_of_its_list_with_the_product(stack, api):
    product = new_product()
    first, second = seed.questions(stack, product, [7, 3])
    seed.answers(stack, first, [1, 5, 5])
    api.add_answer(second, photos=["https://img.example/1.jpg"])
    for element in api.questions(product):
        response = api.get(f"/qa/questions/{element['question_id']}")
        assert response.status_code == 200
        assert list(response.json()) == ["product_id", *QUESTION_KEYS]
        assert response.json()["product_id"] == str(product)
        assert without(response.json(), "product_id") == element
        assert list(response.json()["answers"]) == list(element["answers"])


def test_an_unknown_or_reported_question_is_404(api):
    assert_problem(api.get(f"/qa/questions/{MAX_ID}"), 404, "question_id")
    question = api.add_question(new_product())["question_id"]
    assert api.get(f"/qa/questions/{question}").status_code == 200
    api.report("questions", question)
    assert_problem(api.get(f"/qa/questions/{question}"), 404, "question_id")
    assert api.request("HEAD", f"/qa/questions/{question}").status_code == 404


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.5", "%201", "1%2F", "9223372036854775808"])
def test_a_wrong_question_is_400(stack, number):
    assert_problem(ask_once(stack, "GET", f"/qa/questions/{number}"), 400, "question_id")


def test_a_question_is_new_after_each_write(api):
    product = new_product()
    question = api.add_question(product)["question_id"]

    def shown():
        answer = api.get(f"/qa/questions/{question}").json()
        return answer["question_helpfulness"], [a["helpfulness"] for a in answer["answers"].values()]

    assert shown() == (0, [])
    api.vote("questions", question)
    assert shown() == (1, [])
    answer = api.add_answer(question)["answer_id"]
    assert shown() == (1, [0])
    api.vote("answers", answer)
    assert shown() == (1, [1])
    api.report("answers", answer)
    assert shown() == (1, [])


def test_a_question_that_was_not_there_is_there_once_it_is_posted(stack, api):
    """Whoever asked before must not be joined."""
    question = api.add_question(new_product())["question_id"]
    for _ in range(5):
        following = question + 1
        api.get(f"/qa/questions/{following}")
        question = api.add_question(new_product())["question_id"]
        assert api.get(f"/qa/questions/{question}").status_code == 200


def test_other_methods_on_a_question(api):
    question = api.add_question(new_product())["question_id"]
    response = api.put(f"/qa/questions/{question}")
    assert_problem(response, 405, None)
    assert response.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


# Counts

def test_counts_are_those_of_what_lists_show(stack, api):
    product, other, empty = new_product(), new_product(), new_product()
    shown, reported = seed.questions(stack, product, [0, 0])
    stack.sql("UPDATE questions SET reported = true WHERE id = %s", reported)
    seed.answers(stack, shown, [1, 2])
    seed.answers(stack, shown, [3], reported=True)
    seed.answers(stack, reported, [4])
    seed.many_questions(stack, other, 230)
    assert counts(api, product, other, empty) == [(product, 1, 2), (other, 230, 0), (empty, 0, 0)]
    assert counts(api, empty, product, empty) == [(empty, 0, 0), (product, 1, 2), (empty, 0, 0)]


def test_counts_are_new_after_each_write(api):
    product, other = new_product(), new_product()
    assert counts(api, other, product) == [(other, 0, 0), (product, 0, 0)]
    question = api.add_question(product)["question_id"]
    assert counts(api, other, product) == [(other, 0, 0), (product, 1, 0)]
    answer = api.add_answer(question)["answer_id"]
    api.add_question(other)
    assert counts(api, other, product) == [(other, 1, 0), (product, 1, 1)]
    api.report("answers", answer)
    assert counts(api, other, product) == [(other, 1, 0), (product, 1, 0)]
    api.report("questions", question)
    assert counts(api, other, product) == [(other, 1, 0), (product, 0, 0)]


def test_many_products_and_the_largest_are_counted(stack, api):
    products = [MAX_PRODUCT - number for number in range(MOST_PRODUCTS)]
    expected = stack.sql(
        "SELECT product, count(DISTINCT questions.id)::int, count(answers.id)::int FROM unnest(%s) AS product"
        " LEFT JOIN questions ON product_id = product AND NOT questions.reported"
        " LEFT JOIN answers ON question_id = questions.id AND NOT answers.reported"
        " GROUP BY product ORDER BY product DESC", products)
    assert counts(api, *products) == expected


def test_counts_in_one_way_of_writing_are_those_in_another(stack):
    product, other = new_product(), new_product()
    seed.questions(stack, product, [0])
    plain = ask_once(stack, "GET", f"/qa/counts?product_ids={product},{other}")
    assert ask_once(stack, "GET", f"/qa/counts/?x=1&product_ids=000{product}%2c{other}&product_ids=7"
                    ).headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize("products", [
    None, "", ",", "1,", ",1", "1,,2", "1,%202", "1;2", "0", "1,x", "-1", "2147483648", "1%00", "1,%FF", "{1}",
    ",".join(["1"] * (MOST_PRODUCTS + 1)), "1" * 5000, "," * 5000])
def test_wrong_products_are_400(stack, products):
    query = "" if products is None else f"?product_ids={products}"
    assert_problem(ask_once(stack, "GET", "/qa/counts" + query), 400, "product_ids")


# Both

@pytest.fixture(params=["question", "counts"])
def path(request, stack):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    seed.answers(stack, question, range(20))
    many = ",".join(str(product + offset * 7) for offset in range(60))
    return {"question": f"/qa/questions/{question}", "counts": f"/qa/counts?product_ids={many}"}[request.param]


def test_they_are_tagged_compressed_and_without_a_body_as_lists_are(api, path):
    whole = api.get(path)
    assert STRONG_TAG.fullmatch(whole.headers["ETag"])
    assert (whole.headers["Cache-Control"], whole.headers["Vary"]) == ("no-cache", "Accept-Encoding")
    assert whole.headers["Content-Type"] == "application/json"
    for _ in range(3):
        head = api.request("HEAD", path)
        assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
        assert head.headers["Content-Length"] == str(len(whole.content))
        unchanged = api.get(path, headers={"If-None-Match": whole.headers["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        gzipped = api.get(path, headers={"Accept-Encoding": "gzip"})
        assert gzipped.headers["Content-Encoding"] == "gzip"
        assert gzipped.json() == whole.json()


def test_they_are_kept(stack, path):
    """A change by hand, which no cache notices, tells what is from the cache. (Soon after a start nothing is kept for
    long.)"""
    def is_kept():
        before = ask_once(stack, "GET", path).content
        stack.sql("UPDATE answers SET reported = NOT reported"
                  " WHERE question_id IN (SELECT id FROM questions ORDER BY id DESC LIMIT 1)")
        return ask_once(stack, "GET", path).content == before
    wait_until(is_kept)
