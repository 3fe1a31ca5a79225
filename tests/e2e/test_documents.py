"""A question as a web page: what people read, and the same for search engines, with hostile text in it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

import seed
from api import DATE, MAX_ID, STRONG_TAG, ask_once, new_product

HOSTILE = ["</script><script>alert(1)</script>", "<!-- <script> -->", "]]>", "<img src=x onerror=alert(1)>",
           "\" onload=\"x", "' onload='x", "&lt;b&gt; &amp; &#60;", "%s %1$s %%", "\u2028\u2029 \U0001F600 \u05d0",
           "\\u003c/script\\u003e", "{{7*7}} ${7*7}", "a\nb\tc\x01\x7f"]


@pytest.fixture
def api(front):
    return front


class Page(HTMLParser):
    """Elements, texts by element, and attributes."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.scripts, self._open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self._open[-1:] == ["script"] else self.texts).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def shown(api, question):
    response = api.get(f"/q/{question}")
    assert response.status_code == 200, response.text
    return response, Page(response.text)


def data_of(page):
    """The JSON-LD, after a check that has all that schema.org and search engines require of a QAPage."""
    [script], [text] = page.all("script"), page.scripts
    assert script == {"type": "application/ld+json"}
    data = json.loads(text)
    assert (data["@context"], data["@type"]) == ("https://schema.org", "QAPage")
    question = data["mainEntity"]
    assert question["@type"] == "Question"
    assert question["name"] and question["text"]
    assert DATE.fullmatch(question["datePublished"])
    assert question["author"]["@type"] == "Person" and question["author"]["name"]
    answers = question.get("suggestedAnswer", [])
    assert isinstance(question["answerCount"], int) and question["answerCount"] >= len(answers)
    assert bool(answers) == bool(question["answerCount"])
    for answer in answers:
        assert answer["@type"] == "Answer"
        assert answer["text"] and DATE.fullmatch(answer["datePublished"])
        assert isinstance(answer["upvoteCount"], int)
        assert answer["author"]["@type"] == "Person" and answer["author"]["name"]
    return question


def test_a_page_has_the_question_and_its_answers_for_people_and_for_search_engines(stack, api):
    product = new_product()
    [number] = seed.questions(stack, product, [7], body="Is it warm?")
    seed.answers(stack, number, [1, 5], body="Very.")
    seed.answers(stack, number, [9], body="hidden", reported=True)
    answer = api.add_answer(number, body="So so.", photos=["https://img.example/1.jpg?a&b", "/2.jpg"])["answer_id"]
    response, page = shown(api, number)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    question = data_of(page)
    assert (question["name"], question["upvoteCount"], question["answerCount"]) == ("Is it warm?", 7, 3)
    assert [(a["text"], a["upvoteCount"]) for a in question["suggestedAnswer"]] == [
        ("Very.", 5), ("Very.", 1), ("So so.", 0)]
    assert page.texts.count("Is it warm?") == 2  # title and heading
    assert "hidden" not in response.text
    assert [image["src"] for image in page.all("img")] == ["https://img.example/1.jpg?a&b", "/2.jpg"]
    assert page.all("article")[-1]["id"] == f"answer-{answer}"
    assert {"rel": "canonical", "href": f"/q/{number}"} in page.all("link")


def test_a_question_without_answers_has_none(api):
    question = data_of(shown(api, api.add_question(new_product())["question_id"])[1])
    assert (question["answerCount"], question.get("suggestedAnswer")) == (0, None)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(api, text):
    number = api.add_question(new_product(), body=text, name=text[:60])["question_id"]
    plain = shown(api, api.add_question(new_product())["question_id"])[1]
    api.add_answer(number, body=text, name=text[:60])
    response, page = shown(api, number)
    assert [tag for tag, _ in page.elements[:len(plain.elements)]] == [tag for tag, _ in plain.elements]
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.texts.count(text) == 5 and len(page.all("script")) == 1
    question = data_of(page)
    assert question["name"] == question["suggestedAnswer"][0]["text"] == text
    [script] = re.findall("<script[^>]*>(.*?)</script>", response.text, re.S)
    assert not re.search("[<>&]", script)


def test_nothing_runs_or_is_loaded_but_photos_and_its_own_style(api):
    response, _ = shown(api, api.add_question(new_product())["question_id"])
    missing = api.get(f"/q/{MAX_ID}")
    [style] = re.findall("<style>(.*?)</style>", response.text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    for answer in (response, missing):
        policy = dict(directive.split(" ", 1) for directive in answer.headers["Content-Security-Policy"].split("; "))
        assert policy == {"default-src": "'none'", "img-src": "'self' http: https:", "base-uri": "'none'",
                          "form-action": "'none'", "frame-ancestors": "'none'", "style-src": f"'sha256-{digest}'"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("number", [str(MAX_ID), "0", "x", "99999999999999999999"])
def test_an_unknown_question_is_a_page_that_says_so(api, number):
    response = api.get(f"/q/{number}")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Not found" in Page(response.text).texts


def test_a_page_is_new_after_each_write(api):
    number = api.add_question(new_product())["question_id"]
    assert data_of(shown(api, number)[1])["upvoteCount"] == 0
    api.vote("questions", number)
    assert data_of(shown(api, number)[1])["upvoteCount"] == 1
    answer = api.add_answer(number)["answer_id"]
    assert data_of(shown(api, number)[1])["answerCount"] == 1
    api.report("answers", answer)
    assert data_of(shown(api, number)[1])["answerCount"] == 0
    api.report("questions", number)
    assert api.get(f"/q/{number}").status_code == 404


def test_a_page_is_tagged_and_compressed_as_lists_are(stack, api):
    [number] = seed.questions(stack, new_product(), [0])
    whole, _ = shown(api, number)
    tag = whole.headers["ETag"]
    assert STRONG_TAG.fullmatch(tag) and whole.headers["Cache-Control"] == "no-cache"
    for _ in range(3):
        unchanged = api.get(f"/q/{number}", headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["Content-Security-Policy"]
        assert api.get(f"/q/{number}", headers={"Accept-Encoding": "gzip"}).text == whole.text
        head = api.request("HEAD", f"/q/{number}")
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(whole.content)))
    assert ask_once(stack, "PUT", f"/q/{number}").headers["Allow"] == "GET, HEAD, OPTIONS"
