"""Bodies of POST: content type, size, JSON, and the rule of each field."""

import gzip
import json

import pytest

import seed
from api import ANSWER, EMAIL, MAX_PRODUCT, QUESTION, assert_problem, new_product

LIMIT = 64 * 1024
NO_STRING = [None, 1, 1.5, True, [], ["a"], {}, {"a": "b"}]

# Unicode's White_Space, and characters that look like it but are not.
WHITE_SPACE = [chr(code) for code in [*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680,
                                      *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F,
                                      0x3000]]
NO_WHITE_SPACE = [chr(code) for code in (0x1C, 0x1F, 0x180E, 0x200B, 0x200D, 0x2060, 0x2800,
                                         0xFEFF)]


@pytest.fixture(scope="module")
def question(stack):
    return seed.questions(stack, new_product(), [0])[0]


@pytest.fixture(params=["question", "answer"])
def post(request, api, question):
    """A function that posts a question, and then one that posts an answer, with these fields
    changed."""
    if request.param == "question":
        return lambda **fields: api.post(
            "/qa/questions", json={**QUESTION, "product_id": 1, **fields})
    return lambda **fields: api.post(f"/qa/questions/{question}/answers", json={**ANSWER, **fields})


@pytest.fixture(params=["/qa/questions", "/qa/questions/1", "/qa/questions/{}/answers"])
def post_path(request, question):
    """A path for POST, and what fits it."""
    if request.param.endswith("answers"):
        return request.param.format(question), ANSWER
    return request.param, {**QUESTION, "product_id": 1}


@pytest.fixture
def post_raw(api):
    """A function that posts these bytes as a question of product 1."""
    return lambda body, content_type="application/json": api.post(
        "/qa/questions/1", data=body, headers={"Content-Type": content_type})


def question_of(size):
    """A valid body of so many bytes."""
    body = json.dumps(QUESTION).encode()
    return body + b" " * (size - len(body))


# Content type

@pytest.mark.parametrize("content_type", [
    "application/json", "APPLICATION/JSON", "Application/Json; charset=utf-8",
    "application/json;charset=utf-8", "application/json ; charset=latin1; x=\"y\"", None])
def test_json_content_types_are_accepted(post_raw, content_type):
    assert post_raw(json.dumps(QUESTION), content_type).status_code == 201


@pytest.mark.parametrize("content_type", [
    "text/plain", "text/json", "application/jsonx", "application/jso", "application/json5",
    "application/problem+json", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x", "application/octet-stream", "json", "*/*",
    "text/plain; application/json"])
def test_other_content_types_are_415(post_raw, content_type):
    assert_problem(post_raw(json.dumps(QUESTION), content_type), 415)


# Content encoding

@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", "", "identity, identity", ","])
def test_a_body_that_is_not_encoded_is_accepted(post_path, api, encoding):
    path, fields = post_path
    response = api.post(path, json=fields, headers={"Content-Encoding": encoding})
    assert response.status_code == 201


@pytest.mark.parametrize("encoding, named", [
    ("gzip", "gzip"), ("GZIP", "GZIP"), ("br", "br"), ("zstd", "zstd"), ("deflate", "deflate"),
    ("x-gzip", "x-gzip"), ("identity, gzip", "gzip"), ("gzip,identity", "gzip"), ("utf-8", "utf-8"),
    ("identityx", "identityx"), ("*", "*")])
def test_an_encoded_body_is_415_that_names_the_encoding(post_path, api, encoding, named):
    path, fields = post_path
    for data in (json.dumps(fields).encode(), gzip.compress(json.dumps(fields).encode()), b"{",
                 question_of(LIMIT + 1)):
        response = api.post(path, data=data, headers={"Content-Encoding": encoding,
                                                      "Content-Type": "application/json"})
        problem = assert_problem(response, 415, None)
        assert problem["detail"] == f"Content-Encoding must be identity, not {named}"
        assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["a" * 41, "a" * 3000, "<script>", "\xe9", '"gzip"'])
def test_a_strange_encoding_is_415_and_not_repeated(post_path, api, encoding):
    response = api.post(post_path[0], data=b"{}", headers={"Content-Encoding": encoding})
    assert assert_problem(response, 415, None)["detail"] == "Content-Encoding must be identity"


def test_the_path_and_the_content_type_are_checked_before_the_encoding(api):
    encoded = {"Content-Encoding": "gzip"}
    assert_problem(api.post("/nowhere", data=b"{}", headers=encoded), 404)
    assert_problem(api.post("/healthz", data=b"{}", headers=encoded), 405)
    assert_problem(api.post("/qa/questions/x/answers", data=b"{}", headers=encoded), 400,
                   "question_id")
    response = api.post("/qa/questions", data=b"{}",
                        headers={**encoded, "Content-Type": "text/plain"})
    assert "Content-Type" in assert_problem(response, 415)["detail"]


def test_an_encoded_body_on_put_is_ignored(api, question):
    response = api.put(f"/qa/questions/{question}/helpful", data=b"x",
                       headers={"Content-Encoding": "gzip"})
    assert response.status_code == 204


# Size

@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
def test_a_body_of_up_to_64_kib_is_accepted(post_raw, size):
    assert post_raw(question_of(size)).status_code == 201


@pytest.mark.parametrize("size", [LIMIT + 1, 2 * LIMIT, 2**20, 2**20 + 1, 3 * 2**20])
def test_a_larger_body_is_413(post_raw, size):
    assert_problem(post_raw(question_of(size)), 413)


@pytest.mark.parametrize("size, status", [(LIMIT, 201), (LIMIT + 1, 413), (2**20 + 1, 413)])
def test_the_limit_holds_for_a_body_sent_in_chunks(post_raw, size, status):
    body = question_of(size)
    response = post_raw(body[i:i + 8192] for i in range(0, size, 8192))
    assert response.status_code == status
    if status == 413:
        assert_problem(response, 413)


# JSON

@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"}", b"{}}", b"[", b"[]", b"null", b"true", b"1", b'"text"', b"hello",
    b'[{"body": "a"}]', b'{"body": }', b'{"body"}', b'{"body": "a",}', b'{,}', b"{'body': 'a'}",
    b'{body: "a"}', b'{"body": "a" "name": "b"}', b'{"body": "a"', b'{"body": "a', b'{"x": 01}',
    b'{"x": +1}', b'{"x": .5}', b'{"x": 1.}', b'{"x": NaN}', b'{"x": Infinity}', b'{"x": True}',
    b'{"x": 0x10}', b'{"x": --1e400}', b'{"x": 01e400}', b'{"x": 1.-1e400}', b'{} // comment',
    b'/**/ {}', b"{} {}", b"{}\x00", b'{"body": "\\x41"}', b'{"body": "\\u12"}',
    b'{"body": "tab\there"}', b'{"body": "line\nend"}', b"body=a&name=b", b"--x\r\n",
    json.dumps(QUESTION).encode("utf-16"), b"[" * LIMIT, b'{"a":' * 10_000])
def test_malformed_json_or_no_object_is_400(post_raw, body):
    assert_problem(post_raw(body), 400, None)


def test_json_white_space_and_escapes_are_understood(api):
    product = new_product()
    body = (b'\r\n\t {"\\u0062ody" : "a\\/b\\u00e9\\n" ,\n"name":"n","email":"a@b",'
            b'"product_id":%d}\n ' % product)
    assert api.post("/qa/questions", data=body).status_code == 201
    assert api.questions(product)[0]["question_body"] == "a/bé\n"


def test_the_last_of_a_repeated_field_wins(api):
    product = new_product()
    body = b'{"body":7,"body":"a","name":"n","email":"a@b","product_id":"x","product_id":%d}'
    assert api.post("/qa/questions", data=body % product).status_code == 201
    assert api.questions(product)[0]["question_body"] == "a"


def test_field_names_are_exact(post_raw):
    assert_problem(post_raw(json.dumps({**QUESTION, "body": "a", "name": "b", "email": None,
                                        "Email": EMAIL})), 400, "email")


# What jansson refuses and JSON (RFC 8259) allows.
EXTREMES = ["1e400", "-1e400", "1E+99999", "18446744073709551616", "-9223372036854775809",
            "9" * 400 + ".5", r'"\ud800"', r'"\uDFFF x"', r'"\ude00\ud83d"', r'"\ud83d\u0041"',
            r'"\u0000"', r'{"\ud800": 1}', r'{"\u0000": 1}', r'["\\\ud800", 1e400]']


@pytest.mark.parametrize("value", EXTREMES)
def test_an_unknown_field_may_hold_all_that_json_allows(api, value):
    product = new_product()
    for text in (f'{{"x": {value}, ', f'{{"x":[{value} ,{value}\n],"\\ud800":7, '):
        body = text + json.dumps({**QUESTION, "body": "😀", "product_id": product})[1:]
        assert api.post("/qa/questions", data=body).status_code == 201
    assert [item["question_body"] for item in api.questions(product)] == ["😀", "😀"]


@pytest.mark.parametrize("field", ["body", "name", "email", "product_id"])
@pytest.mark.parametrize("value", EXTREMES)
def test_a_field_that_is_known_and_holds_it_is_to_blame(api, field, value):
    body = json.dumps({**QUESTION, "product_id": 1, field: "PLACE"}).replace('"PLACE"', value)
    assert_problem(api.post("/qa/questions", data=body), 400, field)


@pytest.mark.parametrize("value", EXTREMES)
def test_photos_that_hold_it_are_to_blame(api, question, value):
    body = json.dumps({**ANSWER, "photos": ["PLACE"]}).replace('"PLACE"', value)
    assert_problem(api.post(f"/qa/questions/{question}/answers", data=body), 400, "photos")


def test_json_that_is_nested_too_deeply_is_told_so(post_raw):
    body = b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert "nested too deeply" in assert_problem(post_raw(body), 400, None)["detail"]


# body and name

@pytest.mark.parametrize("field, most", [("body", 1000), ("name", 60)])
@pytest.mark.parametrize("character", ["a", "é", "世", "😀", "\u0301", "\\", '"', "\n"])
def test_length_is_counted_in_code_points(post, field, most, character):
    ink = "x" if character == "\n" else character
    assert post(**{field: ink + character * (most - 1)}).status_code == 201
    assert_problem(post(**{field: ink + character * most}), 400, field)


@pytest.mark.parametrize("field", ["body", "name"])
@pytest.mark.parametrize("value", NO_STRING + ["", *WHITE_SPACE, "".join(WHITE_SPACE), " " * 50])
def test_body_and_name_must_be_strings_with_ink(post, field, value):
    assert_problem(post(**{field: value}), 400, field)


@pytest.mark.parametrize("field", ["body", "name"])
@pytest.mark.parametrize("value", ["x", "0", "null", " x ", "\u3000x\u0085", *NO_WHITE_SPACE])
def test_one_character_that_is_not_white_space_is_enough(post, field, value):
    assert post(**{field: value}).status_code == 201


# email

@pytest.mark.parametrize("email", [
    "a@b", "someone+tag@mail.example", "a@" + "b" * 252, "é" * 126 + "@" + "世" * 127,
    "😀@😀", '"quoted"@mail.example', "a@-", "'; DROP TABLE questions; --@x".replace(" ", "_")])
def test_accepted_emails(post, email):
    assert post(email=email).status_code == 201


@pytest.mark.parametrize("email", NO_STRING + [
    "", "a", "@", "a@", "@b", "a@@b", "a@b@c", "@@", "a@" + "b" * 253, " a@b", "a@b ", "a @b",
    "a@b\n", *(f"a@b{blank}c" for blank in WHITE_SPACE)])
def test_wrong_emails_are_400_and_not_repeated_in_the_answer(post, email):
    response = post(email=email)
    problem = assert_problem(response, 400, "email")
    if isinstance(email, str) and len(email) > 2:
        assert email not in problem["detail"]


# product_id

@pytest.mark.parametrize("value", [
    None, 0, -1, 0.0, -5.0, 1.5, 5.000001, True, [], {}, [5], "", " ", "abc", "-1", "+1", " 1", "1 ", "1.0",
    "1e3", "0x1", "0", "000", "١", "１", MAX_PRODUCT + 1, str(MAX_PRODUCT + 1), 2**63 - 1,
    "99999999999999999999"])
def test_wrong_product_id_is_400(api, value):
    response = api.post("/qa/questions", json={**QUESTION, "product_id": value})
    assert_problem(response, 400, "product_id")


@pytest.mark.parametrize("number", [
    "9223372036854775808", "-9223372036854775809", "99999999999999999999", "1e400", "2147483648.0",
    "2147483647.5", "2147483647.000001", "9007199254740993.0", "1e18", "1e300", "5e-1", "0e0", "-0.0"])
def test_a_number_that_is_no_product_id_is_400(api, number):
    body = json.dumps(QUESTION)[:-1] + f', "product_id": {number}}}'
    assert_problem(api.post("/qa/questions", data=body), 400, "product_id")


# JSON Schema's integer is a number without a fraction, however it is written.
@pytest.mark.parametrize("number, product", [
    ("5.0", 5), ("5e0", 5), ("5E+0", 5), ("50e-1", 5), ("0.5e1", 5), ("1e3", 1000),
    ("2147483647.0", MAX_PRODUCT), ("2.147483647e9", MAX_PRODUCT)])
def test_an_integer_may_be_written_with_a_point_or_an_exponent(api, number, product):
    body = json.dumps(QUESTION)[:-1] + f', "product_id": {number}}}'
    response = api.post("/qa/questions", data=body)
    assert response.status_code == 201
    assert response.headers["Location"] == f"/qa/questions?product_id={product}"


# photos

URL = "https://img.example/"


@pytest.mark.parametrize("photo", [
    "a", "1.jpg", "/img/1.jpg", "//cdn.example/1.jpg", "../1.jpg", "photos/a:b.jpg", "1:2.jpg",
    "?a:b", "#a:b", "http://a", "HTTP://A", "https://a", "HttpS://a/?q=1&r=2#f", "http:a",
    "https://img.example/é世😀.jpg", "https://img.example/'\"<>\\{}|^`.jpg", "_a:b", "-a:b",
    URL + "a" * (2048 - len(URL)), URL + "😀" * (2048 - len(URL))])
def test_accepted_photos_come_back_as_given(api, question, photo):
    assert [photo["url"] for photo in api.add_answer(question, photos=[photo])["photos"]] == [photo]


@pytest.mark.parametrize("photo", [
    None, 1, True, [], {}, "", " ", "a b", "javascript:alert(1)", "JavaScript:alert(1)",
    "data:image/png;base64,AA", "ftp://a", "file:///a", "c:/a", "mailto:a", "httpx://a",
    "http+unix://a", "h:a", "x-a.b+c:d", URL + "a" * (2049 - len(URL)),
    *(URL + blank + "x" for blank in WHITE_SPACE),
    *(URL + chr(code) for code in (0x01, 0x08, 0x0E, 0x1B, 0x1F, 0x7F, 0x80, 0x9F))])
def test_wrong_photos_are_400(api, question, photo):
    response = api.post(f"/qa/questions/{question}/answers",
                        json={**ANSWER, "photos": [URL + "good.jpg", photo]})
    assert_problem(response, 400, "photos")


@pytest.mark.parametrize("photos", ["a", URL, 1, 1.5, True, False, {}, {"0": URL}, [[URL]]])
def test_photos_must_be_an_array_of_strings(api, question, photos):
    response = api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": photos})
    assert_problem(response, 400, "photos")


def test_ten_photos_are_accepted_and_eleven_are_400(api, question):
    urls = [f"{URL}{number}.jpg" for number in range(11)]
    assert len(api.add_answer(question, photos=urls[:10])["photos"]) == 10
    response = api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": urls})
    assert_problem(response, 400, "photos")


def test_the_same_photo_twice_is_kept_twice(api, question):
    assert len(api.add_answer(question, photos=[URL, URL])["photos"]) == 2
