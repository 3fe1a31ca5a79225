"""Photos: one rule for their URLs, wherever they come from; and answers have a copy of the URLs, which
is right whoever changes the photos."""

import itertools
import re
import threading
import uuid

import pytest

import seed
from api import ANSWER, PATIENCE_S, assert_problem, new_product
from description import DOCUMENT
from test_migrate import migrate


# What a URL may begin with, followed by what may come then.
BEGINNINGS = ["img.example", "IMG.example.", "localhost", "LOCALHOST", "localhosts", "127.0.0.1", "[::1]",
              "cdn", "cdn_1.example", "my-cdn.example", "a.b+c", "javascript", "http", "https", "1", ".",
              "-a", "é.example", "user@img.example"]
ENDS = ["", ":", ":8080", ":8080/1.jpg", ":8080?1", ":8080#1", ":123456/1.jpg", ":80a/1.jpg", ":/1.jpg",
        "://img.example:80/1.jpg", "/a:80", ":8080\\1", ":80:80/"]


def is_allowed(url):
    """No scheme, or http or https; a host with a port is no scheme."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", url)
    host = re.match(r"([A-Za-z][A-Za-z0-9-]*\.[A-Za-z0-9.-]*|(?i:localhost)):[0-9]{1,5}([/?#]|\Z)", url)
    return not scheme or scheme[1].lower() in ("http", "https") or bool(host)


def test_one_rule_decides_on_urls_in_the_api_its_description_and_the_database(stack, api):
    question = api.add_question(new_product())["question_id"]
    pattern = DOCUMENT["components"]["schemas"]["PhotoUrl"]["pattern"]
    urls = ["".join(parts) for parts in itertools.product(BEGINNINGS, ENDS)]
    assert 30 < sum(map(is_allowed, urls)) < len(urls) - 30
    with stack.database(stack.superuser_url()) as cursor:
        cursor.execute("""CREATE FUNCTION pg_temp.accepts(url text) RETURNS boolean LANGUAGE plpgsql AS $$
            BEGIN
                RETURN url::photo_url IS NOT NULL;
            EXCEPTION WHEN check_violation THEN
                RETURN false;
            END $$""")
        for url in urls:
            cursor.execute("SELECT pg_temp.accepts(%s)", [url])
            response = api.post(f"/qa/questions/{question}/answers", json={**ANSWER, "photos": [url]})
            if not is_allowed(url):
                assert_problem(response, 400, "photos")
            verdicts = (response.status_code == 201, bool(re.search(pattern, url)), cursor.fetchone()[0])
            assert verdicts == 3 * (is_allowed(url),), url


@pytest.mark.parametrize("url", ["img.example:8080/1.jpg", "localhost:8080/1.jpg", "127.0.0.1:8080/1.jpg"])
def test_a_host_with_a_port_needs_no_scheme(api, url):
    question = api.add_question(new_product())["question_id"]
    api.add_answer(question, photos=[url])
    assert api.answers(question)[0]["photos"][0]["url"] == url


@pytest.fixture
def answers(stack):
    [question] = seed.questions(stack, new_product(), [0])
    return seed.answers(stack, question, [0, 0, 0])


def add(stack, answer, *urls):
    stack.sql("INSERT INTO answers_photos (answer_id, url) SELECT %s, unnest(%s)", answer, list(urls))


def copies(stack, ids):
    return [urls for urls, in stack.sql(
        "SELECT photo_urls FROM answers WHERE id = ANY (%s) ORDER BY id", ids)]


def test_a_new_answer_has_the_copy_from_the_beginning(stack, api):
    question = api.add_question(new_product())["question_id"]
    urls = ["https://img.example/é.jpg", "/2.jpg"]
    plain = api.add_answer(question)["answer_id"]
    with_photos = api.add_answer(question, photos=urls)["answer_id"]
    assert copies(stack, [plain, with_photos]) == [[], urls]


def test_photos_added_by_hand_are_copied(stack, answers):
    add(stack, answers[0], "/1.jpg", "/2.jpg")
    add(stack, answers[0], "/3.jpg")
    add(stack, answers[2], '/"4".jpg')
    assert copies(stack, answers) == [["/1.jpg", "/2.jpg", "/3.jpg"], [], ['/"4".jpg']]


def test_photos_changed_and_moved_by_hand_are_copied(stack, answers):
    add(stack, answers[0], "/1.jpg", "/2.jpg")
    stack.sql("UPDATE answers_photos SET url = '/new.jpg' WHERE answer_id = %s AND url = '/1.jpg'",
              answers[0])
    assert copies(stack, answers) == [["/new.jpg", "/2.jpg"], [], []]
    stack.sql("UPDATE answers_photos SET answer_id = %s WHERE answer_id = %s AND url = '/2.jpg'",
              answers[1], answers[0])
    assert copies(stack, answers) == [["/new.jpg"], ["/2.jpg"], []]


def test_photos_removed_by_hand_leave_the_copy(stack, answers):
    add(stack, answers[0], "/1.jpg", "/2.jpg")
    stack.sql("DELETE FROM answers_photos WHERE answer_id = %s AND url = '/1.jpg'", answers[0])
    assert copies(stack, answers) == [["/2.jpg"], [], []]
    stack.sql("DELETE FROM answers_photos WHERE answer_id = %s", answers[0])
    assert copies(stack, answers) == [[], [], []]


def test_photos_added_at_the_same_time_are_all_copied(stack, answers):
    with stack.database(stack.superuser_url()) as cursor:
        cursor.execute("INSERT INTO answers_photos (answer_id, url) VALUES (%s, '/1.jpg')",
                       (answers[0],))
        other = threading.Thread(target=add, args=(stack, answers[0], "/2.jpg"))
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits for this transaction
        cursor.connection.commit()
        other.join(PATIENCE_S)
    assert copies(stack, answers)[0] == ["/1.jpg", "/2.jpg"]


def test_a_database_with_photos_is_given_their_copies_when_it_is_migrated(stack):
    with stack.empty_database("migrate_" + uuid.uuid4().hex) as url:
        migrate(stack, url)
        with stack.database(url) as cursor:
            # As migration 0005 finds it.
            cursor.execute("""
                ALTER TABLE answers_photos DISABLE TRIGGER USER;
                INSERT INTO questions (product_id, body, asker_name, asker_email)
                    VALUES (1, 'Why?', 'asker', 'asker@mail.example');
                INSERT INTO answers (question_id, body, answerer_name, answerer_email)
                    SELECT 1, 'Because.', 'answerer', 'answerer@mail.example'
                    FROM generate_series(1, 6000);
                INSERT INTO answers_photos (answer_id, url)
                    SELECT id, '/' || id FROM answers WHERE id % 3 > 0 ORDER BY id;
                INSERT INTO answers_photos (id, answer_id, url) VALUES (1000000, 3, '/late');
                ALTER TABLE answers_photos ENABLE TRIGGER USER;
                DELETE FROM schema_migrations WHERE name LIKE '0005%'""")
            cursor.connection.commit()
            migrate(stack, url)
            cursor.execute("SELECT id, photo_urls FROM answers")
            assert dict(cursor.fetchall()) == {
                number: ["/late"] if number == 3 else [f"/{number}"] if number % 3 else []
                for number in range(1, 6001)}
