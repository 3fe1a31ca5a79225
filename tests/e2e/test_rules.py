"""The rules for what is written are the same in the service, the database, the API's description and the
page."""

import json
import re
import subprocess
import sys

import psycopg2
import pytest
from jsonschema import Draft202012Validator

import seed
from api import ANSWER, QUESTION, new_product
from description import DOCUMENT
from stack import CHECKOUT

[WIDGET] = (CHECKOUT / "web/widget").glob("*/product-questions.js")
SCHEMAS = DOCUMENT["components"]["schemas"]
SCHEMA = {"body": "Body", "name": "Name", "email": "Email", "photo": "PhotoUrl"}
DOMAIN = {"body": "body_text", "name": "person_name", "email": "email_address", "photo": "photo_url"}
PAGE = {"body": "isFilled(text, limits.body)", "name": "isFilled(text, limits.name)",
        "email": "isEmail(text)", "photo": "isPhotoUrl(text)"}
LIMITS = {name: int(value) for name, value in re.findall(
    r"^#define (\w+) (\d+)\b", (CHECKOUT / "include/rules/limits.h").read_text(), re.MULTILINE)}
LONGEST = {"body": LIMITS["BODY_CHARACTERS_MAX"], "name": LIMITS["NAME_CHARACTERS_MAX"],
           "email": LIMITS["EMAIL_CHARACTERS_MAX"], "photo": LIMITS["PHOTO_URL_CHARACTERS_MAX"]}

# All that is white space or may be taken for it, and controls.
ODD = [chr(code) for code in [*range(0x01, 0x22), *range(0x7F, 0xA2), 0xAD, 0x180E, 0x1680,
                              *range(0x1FFF, 0x2011), *range(0x2027, 0x2030), *range(0x205E, 0x2065),
                              0x2800, 0x2FFF, 0x3000, 0x3001, 0xFEFF, 0xFFFD, 0xFFFF, 0x1F600, 0x10FFFF]]
SCHEMES = ["http:", "https:", "HTTPS:", "http://a", "javascript:1", "data:a", "ftp://a", "h:a", "httpx:a",
           "a.b:80", "a.b:80/c", "a.b:123456", "a.b:", "a.b:c", "localhost:1", "LocalHost:1?a",
           "localhosts:1", "a+b.c:80", "javascript:1/a", "a-b.c+1:d", "1a:b", "/a:b", "a/b:c", "?a:b",
           "//a", "127.0.0.1:80", "[::1]:80", "img.example:65535#a", "é:a", "a_b:c", "-a:b", "a.:1"]


def candidates(field):
    beginning = {"email": "a@", "photo": "/"}.get(field, "")
    yield from ("", beginning, "a", "a@b", "@", "a@@b", "@b", "a@b@c", " a@b")
    for length in (LONGEST[field] - 1, LONGEST[field], LONGEST[field] + 1):
        for character in "a", "é", "😀":
            yield beginning + character * (length - len(beginning))
    for character in ODD:
        yield from (character, f"{beginning}a{character}b", beginning + character)
    yield from SCHEMES


def accepted_by_service(api, question, field, texts):
    def post(text):
        if field == "photo":
            return api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": [text]})
        return api.post(f"/qa/questions/{new_product()}", json={**QUESTION, field: text})
    return [post(text).status_code == 201 for text in texts]


def accepted_by_database(stack, field, texts):
    def fits(cursor, text):
        try:
            cursor.execute(f"SELECT %s::{DOMAIN[field]}", (text,))
        except psycopg2.errors.CheckViolation:
            return False
        return True
    with stack.database(stack.superuser_url()) as cursor:
        cursor.connection.autocommit = True
        return [fits(cursor, text) for text in texts]


def accepted_by_description(field, texts):
    schema = SCHEMAS[SCHEMA[field]]
    python = re.sub(r"\$$", r"\\Z", schema["pattern"])  # whose $ also stands before a line end
    validator = Draft202012Validator({**schema, "pattern": python})
    return [validator.is_valid(text) for text in texts]


def page(program):
    """What a program for Node.js prints, which has the rules that the widget exports."""
    module = WIDGET.as_uri()
    return subprocess.run(
        [CHECKOUT / "scripts/npm.sh", "node", "--input-type=module", "--eval",
         f"import {{ isEmail, isFilled, isPhotoUrl, limits }} from {json.dumps(module)};"
         f"import {{ readFileSync }} from 'node:fs';{program}"],
        stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True)


def accepted_by_page(field, texts, folder):
    file = folder / "texts.json"
    file.write_text(json.dumps(texts))
    return json.loads(page(f"const texts = JSON.parse(readFileSync({json.dumps(str(file))}));"
                           f"console.log(JSON.stringify(texts.map(text => {PAGE[field]})))").stdout)


@pytest.mark.parametrize("field", SCHEMA)
def test_service_database_description_and_page_accept_the_same_texts(stack, api, tmp_path, field):
    [question] = seed.questions(stack, new_product(), [0])
    texts = list(candidates(field))
    by_service = accepted_by_service(api, question, field, texts)
    assert 20 < sum(by_service) < len(texts) - 20
    for other in (accepted_by_database(stack, field, texts), accepted_by_description(field, texts),
                  accepted_by_page(field, texts, tmp_path)):
        assert [(text, ok) for text, ok in zip(texts, other)] == list(zip(texts, by_service))


def test_counts_are_the_same_in_service_description_and_page():
    photos = SCHEMAS["NewAnswer"]["properties"]["photos"]["maxItems"]
    limits = json.loads(page("console.log(JSON.stringify(limits))").stdout)
    assert limits.pop("photos") == LIMITS["PHOTOS_MAX"] == photos
    assert limits == {"body": LONGEST["body"], "name": LONGEST["name"], "email": LONGEST["email"],
                      "photoUrl": LONGEST["photo"]}
    assert SCHEMAS["ProductId"]["maximum"] == LIMITS["PRODUCT_ID_MAX"]
    assert SCHEMAS["AnswersPage"]["properties"]["count"]["maximum"] == LIMITS["COUNT_MAX"]
    assert SCHEMAS["QuestionsPage"]["properties"]["results"]["maxItems"] == LIMITS["COUNT_MAX"]
    assert DOCUMENT["components"]["parameters"]["Count"]["schema"]["default"] == LIMITS["COUNT_DEFAULT"]


def test_the_form_lets_every_allowed_text_be_typed():
    """A field's maxlength is in UTF-16 units, of which a character has at most two."""
    fields = re.findall(r"name: '(\w+)'(?:[^}]*?) maxlength: ([\w *.]+?),", WIDGET.read_text())
    assert dict(fields) == {field: f"2 * limits.{field}" for field in ("body", "name", "email")}


def test_the_database_takes_the_same_characters_for_white_space_as_the_description(stack):
    [(space,)] = stack.sql("""SELECT array_agg(code) FROM generate_series(1, 1114111) AS code
        WHERE code NOT BETWEEN 55296 AND 57343 AND chr(code) ~ ('[' || white_space() || ']')""")
    pattern = re.compile(SCHEMAS["Name"]["pattern"])
    assert space == [code for code in range(1, 0x110000)
                     if not 0xD800 <= code <= 0xDFFF and not pattern.search(chr(code))]
