"""Path ids and query parameters: what is accepted, what is 400, and which field is blamed."""

import pytest

import seed
from api import ANSWER, MAX_ID, MAX_PRODUCT, QUESTION, ask_once, assert_problem, new_product

NO_INTEGER = ["abc", "-1", "%2B1", "+1", "%201", "1%20", "1.0", "1.", "1e3", "0x1", "1_0", "1,2",
              "1;2", "NaN", "true", "null", "%D9%A1", "%EF%BC%91", "%00", "1%00", "%001", "1%0A",
              "%FF", "0", "000", "-0", "99999999999999999999999999999999999999"]


def get(stack, target):
    return ask_once(stack, "GET", target)


@pytest.fixture(scope="module")
def six(stack):
    """A product with six questions, and one of them with six answers."""
    product = new_product()
    questions = seed.questions(stack, product, [0] * 6)
    answers = seed.answers(stack, questions[0], [0] * 6)
    return {"product": product, "questions": questions, "answers": answers}


@pytest.mark.parametrize("count", [250, 350, 2_500])
def test_any_number_of_unknown_parameters_is_ignored(stack, count):
    response = get(stack, "/qa/questions?product_id=1" + count * "&a=" + "&count=7")
    assert response.status_code == 200
    assert response.content == get(stack, "/qa/questions?product_id=1&count=7").content


@pytest.mark.parametrize("value", NO_INTEGER + ["", str(MAX_PRODUCT + 1)])
def test_wrong_product_id_is_400(stack, value):
    assert_problem(get(stack, f"/qa/questions?product_id={value}"), 400, "product_id")


@pytest.mark.parametrize("query", ["", "?", "?page=1", "?product_id", "?productid=1",
                                   "?PRODUCT_ID=1"])
def test_missing_product_id_is_400(stack, query):
    assert_problem(get(stack, "/qa/questions" + query), 400, "product_id")


@pytest.mark.parametrize("value, canonical", [
    ("1", "1"), ("0001", "1"), ("0" * 300 + "7", "7"), ("%31", "1"),
    (str(MAX_PRODUCT), str(MAX_PRODUCT)), ("0" + str(MAX_PRODUCT), str(MAX_PRODUCT))])
def test_envelope_shows_the_canonical_product_id(stack, value, canonical):
    response = get(stack, f"/qa/questions?product_id={value}")
    assert response.status_code == 200
    assert response.json()["product_id"] == canonical


@pytest.mark.parametrize("value, canonical", [("1", "1"), ("0001", "1"), ("0" * 300 + "7", "7"),
                                              (str(MAX_ID), str(MAX_ID)),
                                              ("0" + str(MAX_ID), str(MAX_ID))])
def test_envelope_shows_the_canonical_question_id(stack, value, canonical):
    response = get(stack, f"/qa/questions/{value}/answers")
    assert response.status_code == 200
    assert response.json()["question"] == canonical


# NGINX itself refuses %00 in a path, so those have no field to blame.
PATH_IDS = [value for value in NO_INTEGER if "%00" not in value] + [str(MAX_ID + 1)]


@pytest.mark.parametrize("value", PATH_IDS)
@pytest.mark.parametrize("method, path, field", [
    ("GET", "/qa/questions/{}/answers", "question_id"),
    ("POST", "/qa/questions/{}/answers", "question_id"),
    ("PUT", "/qa/questions/{}/helpful", "question_id"),
    ("PUT", "/qa/questions/{}/report", "question_id"),
    ("PUT", "/qa/answers/{}/helpful", "answer_id"),
    ("PUT", "/qa/answers/{}/report", "answer_id"),
    ("POST", "/qa/questions/{}", "product_id"),
])
def test_wrong_path_id_is_400(stack, method, path, field, value):
    response = ask_once(stack, method, path.format(value), body=b"")
    assert_problem(response, 400, field)


@pytest.mark.parametrize("value", ["%00", "1%00"])
def test_a_zero_byte_in_a_path_id_is_400(stack, value):
    assert_problem(get(stack, f"/qa/questions/{value}/answers"), 400)


@pytest.mark.parametrize("name", ["page", "count"])
@pytest.mark.parametrize("value", NO_INTEGER + [str(MAX_ID + 1)])
def test_wrong_page_or_count_is_400(stack, name, value):
    for path in ("/qa/questions?product_id=1&", "/qa/questions/1/answers?"):
        assert_problem(get(stack, f"{path}{name}={value}"), 400, name)


@pytest.mark.parametrize("query, page, count", [
    ("", 1, 5), ("page=&count=", 1, 5), ("page&count", 1, 5), ("page=2", 2, 5),
    ("count=2", 1, 2), ("page=0003&count=0002", 3, 2), ("count=1000", 1, 1000),
    ("count=1001", 1, 1000), (f"count={MAX_ID}", 1, 1000), (f"page={MAX_ID}", MAX_ID, 5),
    ("%70age=%32", 2, 5), ("page=2&page=3", 2, 5), ("page=2&page=abc", 2, 5),
    ("page=&page=3", 1, 5), ("count=1&count=0", 1, 1), ("Page=2&COUNT=3", 1, 5),
    ("&&page=2&", 2, 5), ("=&=1", 1, 5), ("unknown=1", 1, 5), ("unknown=%00", 1, 5),
    ("%00=1", 1, 5), ("%zz=%zz", 1, 5), ("unknown=%FF", 1, 5), ("product_id=abc", 1, 5),
])
def test_effective_page_and_count(stack, query, page, count):
    response = get(stack, f"/qa/questions/1/answers?{query}")
    assert response.status_code == 200
    envelope = response.json()
    assert (envelope["page"], envelope["count"]) == (page, count)


def test_page_and_count_choose_the_slice_of_questions(api, six):
    chosen = api.questions(six["product"], page=2, count=2)
    assert [question["question_id"] for question in chosen] == six["questions"][2:4]


def test_page_and_count_choose_the_slice_of_answers(api, six):
    chosen = api.answers(six["questions"][0], page=2, count=4)
    assert [answer["answer_id"] for answer in chosen] == six["answers"][4:]


@pytest.mark.parametrize("count", ["1", "5", "1000", str(MAX_ID)])
@pytest.mark.parametrize("page", ["1000", str(2**31), str(2**32 + 1), str(2**62), str(MAX_ID),
                                  str(MAX_ID // 1000 + 1), str(2**63 // 5 + 1)])
def test_a_page_far_past_the_end_is_an_empty_list(stack, six, page, count):
    query = f"page={page}&count={count}"
    for target in (f"/qa/questions?product_id={six['product']}&{query}",
                   f"/qa/questions/{six['questions'][0]}/answers?{query}"):
        response = get(stack, target)
        assert response.status_code == 200
        assert response.json()["results"] == []


@pytest.mark.parametrize("query, status", [
    ("product_id=1&product_id=abc", 200), ("product_id=abc&product_id=1", 400),
    ("product_id=&product_id=1", 400), ("product_id=1&product_id=%00", 200)])
def test_the_first_of_a_repeated_product_id_counts(stack, query, status):
    response = get(stack, f"/qa/questions?{query}")
    assert response.status_code == status


@pytest.mark.parametrize("query", ["page=abc", "count=0", "page=%00"])
def test_page_and_count_mean_nothing_to_a_post(api, query):
    product = new_product()
    response = api.post(f"/qa/questions?{query}", json={**QUESTION, "product_id": product})
    assert response.status_code == 201
    question = response.json()["question_id"]
    assert api.post(f"/qa/questions/{question}/answers?{query}", json=ANSWER).status_code == 201
    assert api.put(f"/qa/questions/{question}/helpful?{query}").status_code == 204
