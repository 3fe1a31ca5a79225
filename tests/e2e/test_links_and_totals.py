"""Links from a page of a list to its neighbours, and how many elements the list has in all."""

import re
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

import seed
from api import ask_once, new_product
from stack import wait_until

COUNT = {"Prefer": "count=exact"}
LISTS = ["questions", "answers", "many questions", "many answers"]


@pytest.fixture
def api(front):
    return front


def links(response):
    """{relation: target} of the header Link."""
    found = re.findall(r'<([^<>"]*)>; rel="(\w+)"', response.headers.get("Link", ""))
    assert response.headers.get("Link", "") == ", ".join(f'<{target}>; rel="{name}"' for target, name in found)
    return {name: target for target, name in found}


@pytest.fixture(scope="module", params=LISTS)
def some_list(request, stack):
    """(path, query, elements) of a list with some elements, or more than PostgreSQL sorts for a page; a few more are
    reported."""
    product = new_product()
    [question] = seed.questions(stack, product, [9])
    size = 260 if "many" in request.param else 12
    if "questions" in request.param:
        seed.many_questions(stack, product, size - 1)
        seed.questions(stack, product, [0, 1], reported=True)
        return "/qa/questions", f"product_id={product}", size
    seed.many_answers(stack, question, size)
    seed.answers(stack, question, [0, 1], reported=True)
    return f"/qa/questions/{question}/answers", "", size


@pytest.mark.parametrize("order", ["", "&sort=newest", "&sort=oldest"])
@pytest.mark.parametrize("some_list, count", [
    (name, count) for name in LISTS for count in [1, 4, 5, 6, 11, 12, 13, 130, 259, 260, 261, 1000]
    if count >= 5 or "many" not in name], indirect=["some_list"])  # a long list has too many pages so small
def test_links_lead_through_the_whole_list_and_back(api, some_list, count, order):
    path, query, size = some_list
    target, seen = f"{path}?{query}&count={count}{order}", []
    while target:
        response = api.get(target)
        seen.append([element.get("question_id") or element["answer_id"] for element in response.json()["results"]])
        found = links(response)
        assert ("prev" in found, "next" in found) == (len(seen) > 1, len(sum(seen, [])) < size)
        last, target = target, urljoin(target, found["next"]) if "next" in found else None
    assert len(sum(seen, [])) == len(set(sum(seen, []))) == size
    for page in seen[-2::-1]:
        last = urljoin(last, links(api.get(last))["prev"])
        assert [element.get("question_id") or element["answer_id"]
                for element in api.get(last).json()["results"]] == page


def test_a_page_says_the_same_however_it_was_made(stack, api):
    """Ready-made, by its query, and from the cache."""
    product = new_product()
    seed.many_questions(stack, product, 6)
    path = f"/qa/questions?product_id={product}"
    wait_until(lambda: stack.sql("SELECT has_more FROM product_pages AS ready WHERE product_id = %s AND NOT EXISTS"
                                 " (SELECT FROM changed_products WHERE product_id = ready.product_id)", product))
    assert [set(links(api.get(path))) for _ in range(3)] == [{"next"}] * 3
    stack.sql("UPDATE questions SET reported = true WHERE id = (SELECT max(id) FROM questions WHERE product_id = %s)",
              product)
    api.vote("questions", api.questions(product)[0]["question_id"])
    assert [set(links(api.get(path))) for _ in range(3)] == [set()] * 3


def test_links_are_right_after_each_write(api):
    product = new_product()
    path = f"/qa/questions?product_id={product}&count=1"
    first = api.add_question(product)["question_id"]
    assert links(api.get(path)) == {}
    second = api.add_question(product)["question_id"]
    assert links(api.get(path)) == {"next": f"?product_id={product}&count=1&page=2"}
    api.report("questions", second)
    assert links(api.get(path)) == {}
    answers = f"/qa/questions/{first}/answers?count=1"
    for expected in (set(), set(), {"next"}):
        assert set(links(api.get(answers))) == expected
        api.add_answer(first)


def test_a_304_tells_of_neighbours_that_came_and_went(api):
    """The body of a page is the same, but the list goes on behind it: a client keeps what a 304 does not replace."""
    product = new_product()
    path = f"/qa/questions?product_id={product}&count=1"
    api.add_question(product)
    tag = api.get(path).headers["ETag"]

    def now():
        response = api.get(path, headers={"If-None-Match": tag})
        assert response.status_code == 304
        return set(links(response))

    assert now() == {"first"}
    second = api.add_question(product)["question_id"]
    assert [now() for _ in range(3)] == [{"next"}] * 3
    api.report("questions", second)
    assert [now() for _ in range(3)] == [{"first"}] * 3


@pytest.mark.parametrize("query", [
    "x=1&page=2&y=%20%C3%A4+&p%61ge=7", "page=2&x=<>\"|^`{}\\", "page=2&x=%zz&&y", "page=2&x='(!*),;:@/?$"])
def test_links_keep_other_parameters_and_are_uris(stack, query):
    product = new_product()
    seed.many_questions(stack, product, 15)
    response = ask_once(stack, "GET", f"/qa/questions?product_id={product}&{query}")
    assert response.status_code == 200
    for name, page in (("next", "3"), ("prev", "1")):
        target = links(response)[name]
        assert re.fullmatch(r"\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*", target)
        expected = parse_qs(re.sub("%(?![0-9a-fA-F]{2})", "%25", f"product_id={product}&{query}"))
        expected = {key: value for key, value in expected.items() if key != "page"}
        assert parse_qs(urlsplit(target).query) == {**expected, "page": [page]}


@pytest.mark.parametrize("length, has_links", [(1500, True), (2500, False), (7000, False)])
def test_a_very_long_query_string_is_not_linked(stack, length, has_links):
    product = new_product()
    seed.many_questions(stack, product, 15)
    response = ask_once(stack, "GET", f"/qa/questions?product_id={product}&page=2&x=" + length * "y")
    assert (response.status_code, bool(links(response))) == (200, has_links)


def test_what_is_no_list_has_no_links(api):
    question = api.add_question(new_product())["question_id"]
    for path in (f"/qa/questions/{question}?page=2", "/qa/counts?product_ids=1&page=2", "/healthz?page=2"):
        response = api.get(path, headers=COUNT)
        assert response.status_code == 200
        assert not {"Link", "Total-Count", "Preference-Applied"} & response.headers.keys()


# Totals

@pytest.mark.parametrize("more", ["", "&count=1", "&page=2", "&page=9223372036854775807", "&sort=newest", "&count=1000"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_prefers_a_count_is_told_how_many_there_are(api, some_list, more, method):
    path, query, size = some_list
    plain = api.get(f"{path}?{query}{more}")
    assert not {"Total-Count", "Preference-Applied"} & plain.headers.keys()
    for _ in range(3):
        response = api.request(method, f"{path}?{query}{more}", headers=COUNT)
        assert response.status_code == 200
        assert response.headers["Total-Count"] == str(size)
        assert response.headers["Preference-Applied"] == "count=exact"
        assert response.headers["Vary"] == "Accept-Encoding, Prefer"
        assert response.content == (plain.content if method == "GET" else b"")
        assert response.headers["ETag"] == plain.headers["ETag"]
        unchanged = api.get(f"{path}?{query}{more}", headers={**COUNT, "If-None-Match": plain.headers["ETag"]})
        assert (unchanged.status_code, unchanged.headers["Total-Count"]) == (304, str(size))


@pytest.mark.parametrize("preference, is_applied", [
    ("count=exact", True), ("Count=\"exact\", wait=5", True), ("respond-async, count=exact;x", True),
    ("count=none", False), ("count", False), ("count=exact" + 200 * " ", True), ("x" * 200 + ", count=exact", False)])
def test_another_preference_is_not_applied(api, preference, is_applied):
    response = api.get(f"/qa/questions?product_id={new_product()}", headers={"Prefer": preference})
    assert response.headers.get("Total-Count") == ("0" if is_applied else None)


def test_totals_are_right_after_each_write(api):
    product = new_product()

    def total(path, **parameters):
        return int(api.get(path, params=parameters, headers=COUNT).headers["Total-Count"])

    def totals():
        return tuple(total("/qa/questions", product_id=product, **choice)
                     for choice in ({}, {"answered": "true"}, {"answered": "false"}))

    assert totals() == (0, 0, 0)
    first, second = (api.add_question(product)["question_id"] for _ in range(2))
    assert totals() == (2, 0, 2)
    assert total(f"/qa/questions/{first}/answers") == 0
    answer = api.add_answer(first)["answer_id"]
    assert totals() == (2, 1, 1)
    assert total(f"/qa/questions/{first}/answers") == 1
    api.report("answers", answer)
    assert totals() == (2, 0, 2)
    assert total(f"/qa/questions/{first}/answers") == 0
    api.report("questions", second)
    assert totals() == (1, 0, 1)


def test_other_pages_may_read_the_headers(stack):
    exposed = ask_once(stack, "GET", "/qa/questions?product_id=1").headers["Access-Control-Expose-Headers"]
    assert {"Link", "Total-Count", "Preference-Applied"} <= set(exposed.split(", "))
