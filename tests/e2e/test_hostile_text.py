"""Text comes back byte for byte, whatever it tries to be; text that is no valid UTF-8 is 400."""

import json

import pytest

import seed
from api import ANSWER, QUESTION, assert_problem, new_product

TEXTS = [
    "plain", " leading and trailing ", "\ttab\tand\nline\r\nends\r", "emoji 😀👩‍👩‍👧‍👦🇺🇳",
    "שלום مرحبا \u202etxet desrever\u202c", "中文 日本語 한국어 हिन्दी",
    "e\u0301 o\u0308 Z\u0351\u036b\u0343\u032a", "é versus e\u0301", "quotes ' '' \" \"\" ` ´",
    "backslashes \\ \\\\ \\n \\u0041 \\0 \\'", "'; DROP TABLE questions; --", "' OR '1'='1",
    "$1 $$ $tag$ :name ? %s%n%x %d", "{\"a\": [1]} {{7*7}} ${7*7}", "</script><script>alert(1)",
    "<!-- <b>bold</b> & &amp; &#0;", "\\0 and \\u0000 spelled out", "\u0001\u001f\u007f",
    "\u0080\u009f C1", "line\u2028separator\u2029", "\ufeffbyte order mark",
    "zero\u200bwidth\u200d",
    "\uffff \ufffe \ufffd \ufdd0", "\U0010ffff \U0001ffff \U00010000", "\ud7ff \ue000 \uf8ff",
    "null", "undefined", "../../etc/passwd", "http://a?b=c&d=e#f", "\x1b[31mred\x07", "ﷺ" * 60,
    "😀" * 60, "a" * 60,
]


@pytest.fixture(params=["utf-8", "escapes"])
def encode(request):
    """JSON as a client may write it: raw UTF-8, or every character that can be escaped escaped."""
    return lambda value: json.dumps(value, ensure_ascii=request.param == "escapes").encode()


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_byte_for_byte_from_every_list(api, encode, text):
    product = new_product()
    fields = {**QUESTION, "body": text, "name": text}
    question = api.post(f"/qa/questions/{product}", data=encode(fields))
    assert question.status_code == 201
    answer = api.post(f"/qa/questions/{question.json()['question_id']}/answers",
                      data=encode({**ANSWER, "body": text, "name": text}))
    assert answer.status_code == 201
    [listed] = api.questions(product)
    [nested] = listed["answers"].values()
    for element in (question.json(), listed):
        assert (element["question_body"], element["asker_name"]) == (text, text)
    [listed_answer] = api.answers(question.json()["question_id"])
    for element in (answer.json(), nested, listed_answer):
        assert (element["body"], element["answerer_name"]) == (text, text)


@pytest.mark.parametrize("character", ["😀", "\uffff", "\u0301", "\\", '"', "\u2028", "'"])
def test_a_thousand_characters_come_back_byte_for_byte(api, encode, character):
    product = new_product()
    text = "x" + character * 999
    response = api.post(f"/qa/questions/{product}", data=encode({**QUESTION, "body": text}))
    assert response.status_code == 201
    assert api.questions(product)[0]["question_body"] == text


def test_photo_addresses_come_back_byte_for_byte(stack, api):
    [question] = seed.questions(stack, new_product(), [0])
    photos = ["https://img.example/'; DROP TABLE answers_photos; --".replace(" ", "_"),
              "//a/\"\\</script>😀\uffff", "{}[],\"null\"", "\ufeff\u200b"]
    shown = api.add_answer(question, photos=photos)["photos"]
    assert [photo["url"] for photo in shown] == photos


NO_UTF_8 = [
    b"\xff", b"\xfe\xff", b"\x80", b"\xbf", b"a\xc3", b"\xe4\xb8", b"\xf0\x9f\x98",  # broken
    b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80",
    b"\xf0\x8f\xbf\xbf", b"\xf8\x88\x80\x80\x80",                                   # overlong
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80",                   # surrogates
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",                                       # past U+10FFFF
    b"caf\xe9",                                                                     # Latin-1
    b"\x00", b"a\x00b", b"\\u0000", b"a\\u0000b", b"\\ud83d\\ude00\\u0000",         # U+0000
    b"\\ud800", b"\\udfff", b"\\ud83d", b"\\ude00\\ud83d", b"\\ud83dx", b"\\ud83d\\n",
    b"\\ud83d\\ud83d",                                                      # lone surrogates
]


@pytest.mark.parametrize("field", ["body", "name", "email"])
@pytest.mark.parametrize("text", NO_UTF_8)
def test_text_that_is_not_valid_utf_8_or_has_u_0000_is_400(api, field, text):
    product = new_product()
    fields = {"body": b"a", "name": b"b", "email": b"c@d", field: b"x@y" + text}
    body = b", ".join(b'"%s": "%s"' % (key.encode(), value) for key, value in fields.items())
    assert_problem(api.post(f"/qa/questions/{product}", data=b"{" + body + b"}"), 400)
    assert api.questions(product) == []


@pytest.mark.parametrize("text", NO_UTF_8)
def test_photos_that_are_not_valid_utf_8_or_have_u_0000_are_400(stack, api, text):
    [question] = seed.questions(stack, new_product(), [0])
    body = b'{"body": "a", "name": "b", "email": "c@d", "photos": ["%s"]}' % text
    assert_problem(api.post(f"/qa/questions/{question}/answers", data=body), 400)
    assert api.answers(question) == []


def test_a_byte_order_mark_before_the_json_is_400(api):
    body = b"\xef\xbb\xbf" + json.dumps(QUESTION).encode()
    assert_problem(api.post(f"/qa/questions/{new_product()}", data=body), 400)


def test_u_0000_in_a_field_name_is_no_way_around_the_rules(api):
    body = b'{"body\\u0000": "a", "name": "b", "email": "c@d"}'
    assert_problem(api.post(f"/qa/questions/{new_product()}", data=body), 400)


@pytest.mark.parametrize("text", ["%27%3B%20DROP%20TABLE%20questions%3B%20--", "1%20OR%201=1",
                                  "$1", "%F0%9F%98%80", "%25s%25n", "..%2f..%2f"])
def test_hostile_parameters_are_just_no_integers(api, text):
    assert_problem(api.get(f"/qa/questions?product_id={text}"), 400, "product_id")
    assert_problem(api.get(f"/qa/questions/{text}/answers"), 400, "question_id")
