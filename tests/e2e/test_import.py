"""`atelier-qa import`: good rows in, bad rows listed, all or nothing, beside a running service."""

import bz2
import contextlib
import csv
import gzip
import lzma
import os
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

import sessions
from api import EMAIL, PATIENCE_S, Api, new_product
from conftest import running
from link import link
from stack import wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
EXPORT_SH = CHECKOUT / "scripts/export.sh"
MIGRATIONS = [path.stem for path in (CHECKOUT / "sql/migrations").glob("*.sql")]
FILES = {"questions": "id,product_id,body,date_written,asker_name,asker_email,reported,helpful",
         "answers": "id,question_id,body,date_written,answerer_name,answerer_email,reported,helpful",
         "answers_photos": "id,answer_id,url"}
data_sets = {}  # by how many products they have, until the end
DONE, FAILED, USAGE, REJECTS, UNKNOWN = 0, 1, 2, 3, 5


def post(number, parent, body="Why?", date="1538856000000", name="will", email=EMAIL, reported="0",
         helpful="3"):
    """A row of questions.csv or answers.csv."""
    return f"{number},{parent},{body},{date},{name},{email},{reported},{helpful}"


def photo(number, answer, url="https://img.example/1.jpg"):
    return f"{number},{answer},{url}"


class Target:
    """A database and a folder of files to import into it."""

    def __init__(self, stack, url, folder, state_dir="state"):
        self.stack = stack
        self.url = url
        self.folder = folder
        self._environment = {**os.environ, "QA_OWNER_DATABASE_URL": url, "DATABASE_URL": url,
                             "QA_STATE_DIR": str(state_dir)}

    def set(self, **variables):
        """Environment variables of what is started from now on."""
        self._environment.update(variables)

    def sql(self, statement, *parameters):
        return sessions.execute(self.url, statement, parameters)

    def write(self, end="\n", **rows):
        """Files with the public headers and these rows."""
        for name, lines in rows.items():
            text = end.join([FILES[name], *lines, ""])
            (self.folder / f"{name}.csv").write_bytes(text.encode(errors="surrogateescape"))

    def generate(self, products):
        """The same files in each folder: they are made once."""
        if products not in data_sets:
            made = tempfile.TemporaryDirectory(prefix="atelier-data-")
            subprocess.run([self.stack.program, "generate", made.name, "--products", str(products)],
                           check=True, capture_output=True, timeout=PATIENCE_S)
            data_sets[products] = made
        shutil.copytree(data_sets[products].name, self.folder, dirs_exist_ok=True)

    def start(self, *arguments, **options):
        return subprocess.Popen([self.stack.program, *arguments], env=self._environment,
                                cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                **{"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE,
                                   **options})

    def run(self, status, *arguments, **options):
        """Imports the folder, or as the arguments say; returns what it says on standard error."""
        process = self.start("import", *(arguments or ["."]), **options)
        return self.finish(process, status)

    def finish(self, process, status):
        _, error = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == status, error
        assert "Sanitizer" not in error and "runtime error" not in error, error
        return error

    def rejected(self):
        """The rows of the reject file: file, line, reason, row."""
        with (self.folder / "rejected.csv").open(newline="", errors="surrogateescape") as file:
            header, *rows = csv.reader(file)
        assert header == ["file", "line", "reason", "row"]
        return [tuple(row) for row in rows]


@pytest.fixture
def target(stack, tmp_path):
    """A migrated database without rows."""
    with stack.migrated_database("import_" + uuid.uuid4().hex) as url:
        yield Target(stack, url, tmp_path)


@pytest.fixture(scope="module")
def unchanged_url(stack):
    with stack.migrated_database("import_unchanged") as url:
        yield url


@pytest.fixture
def unchanged(stack, unchanged_url, tmp_path):
    """The same for imports that leave the database as it was, which has to be so after the test: they share it."""
    target = Target(stack, unchanged_url, tmp_path)
    before = contents(target)
    yield target
    assert contents(target) == before


def counts(target):
    return target.sql("SELECT (SELECT count(*) FROM questions), (SELECT count(*) FROM answers),"
                      " (SELECT count(*) FROM answers_photos)")[0]


def ids(target, table):
    return [number for number, in target.sql(f"SELECT id FROM {table} ORDER BY id")]


def contents(target):
    """Everything an import may change: rows, sequences, the mark of the sample, and schemas."""
    return [target.sql(statement) for statement in (
        "SELECT * FROM questions ORDER BY id", "SELECT * FROM answers ORDER BY id",
        "SELECT * FROM answers_photos ORDER BY id", "SELECT * FROM sample_data",
        "SELECT last_value, is_called FROM questions_id_seq",
        "SELECT last_value, is_called FROM answers_id_seq",
        "SELECT last_value, is_called FROM answers_photos_id_seq",
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1")]


def definitions(target):
    """What the tables are, but for their rows."""
    return [target.sql(statement) for statement in (
        """SELECT relname, attnum, attname, format_type(atttypid, atttypmod), attnotnull,
                  attidentity, attacl::text, pg_get_expr(adbin, adrelid)
           FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
               LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
           WHERE relnamespace = 'public'::regnamespace AND attnum > 0 ORDER BY 1, 2""",
        "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "SELECT relname, relkind::text, relowner::regrole::text, relacl::text, relpersistence::text,"
        " reloptions::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE NOT tgisinternal"
        " ORDER BY 1")]


def photo_urls(target):
    return dict(target.sql("SELECT id, photo_urls FROM answers"))


def waits_for_tables(target):
    """Whether an import is about to publish, but the tables are in use."""
    return target.sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                      " AND query ~ 'atelier_qa_import.lock_tables' AND pid <> pg_backend_pid()")


# Good files

def test_a_generated_data_set_is_loaded_whole(target):
    before = definitions(target)
    target.generate(300)
    error = target.run(DONE)
    lines = {name: sum(1 for _ in csv.reader((target.folder / f"{name}.csv").open(newline=""))) - 1
             for name in FILES}
    assert counts(target) == tuple(lines.values())
    for name, number in lines.items():
        assert (f"{name}.csv: {number} rows read, {number} imported, 0 present, 0 rejected"
                in error)
    assert not (target.folder / "rejected.csv").exists()
    assert definitions(target) == before
    assert target.sql("SELECT count(*) FROM answers WHERE photo_urls::text <> '[]'")[0][0] > 50
    assert target.sql("SELECT id FROM answers WHERE photo_urls::text <> photo_urls(id)::text") == []
    assert target.sql("SELECT count(*) FROM pg_stats WHERE tablename = 'answers'")[0][0] > 5
    assert target.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^atelier'") == []


def test_rows_come_as_they_were(target):
    target.write(questions=[
        post(7, 5, '"Say ""hi"",\nplease 😀"', "2018-10-06T22:00:00.123456+02:00", "Zoë", reported="T",
             helpful="0"),
        post(2**53 - 1, 2147483647, "x" * 1000, "2018-10-06", "n" * 60, reported="FALSE",
             helpful="9223372036854775806")],
        answers=[post(9, 7, "</script>'; DROP", "-1", reported="true")],
        answers_photos=[photo(3, 9), photo(4, 9, "img.example:8080/é.jpg")])
    target.run(DONE)
    assert target.sql("SELECT id, product_id, body, iso_8601(created_at), asker_name, asker_email,"
                      " reported, helpful FROM questions ORDER BY id") == [
        (7, 5, 'Say "hi",\nplease 😀', "2018-10-06T20:00:00.123Z", "Zoë", EMAIL, True, 0),
        (2**53 - 1, 2147483647, "x" * 1000, "2018-10-06T00:00:00.000Z", "n" * 60, EMAIL, False,
         2**63 - 2)]
    assert target.sql("SELECT id, question_id, body, iso_8601(created_at), reported FROM answers"
                      ) == [(9, 7, "</script>'; DROP", "1969-12-31T23:59:59.999Z", True)]
    assert target.sql("SELECT id, answer_id, url FROM answers_photos ORDER BY id") == [
        (3, 9, "https://img.example/1.jpg"), (4, 9, "img.example:8080/é.jpg")]
    assert photo_urls(target) == {9: ["https://img.example/1.jpg", "img.example:8080/é.jpg"]}


def test_rows_in_the_style_of_the_public_files_are_loaded_whole(target):
    (target.folder / "questions.csv").write_text(
        FILES["questions"] + "\n"
        '1,1,"What fabric is the top made of?",1595884714409,"yankeelover","first.last@gmail.com",0,1\n'
        '2,1,"HEY THIS IS A WEIRD QUESTION!!!!?",1590142743202,"jbilas",null,1,4\n')
    (target.folder / "answers.csv").write_text(
        FILES["answers"] + "\n"
        '1,1,"Ships in a box.",1600000000000,"Seller",null,0,4\n'
        '2,1,"Something pretty soft but I can\'t be sure",1599089609530,null,"NULL",0,5\n'
        '3,2,"Its the best! Seriously magic fabric",1593237230587,"","\\N",null,\n')
    (target.folder / "answers_photos.csv").write_text(
        'id,answer_id,url\n1,1,"https://images.example/photo-1.jpg?ixlib=rb-1.2.1&w=1300&q=80"\n')
    target.run(DONE)
    assert target.sql("SELECT id, asker_name, asker_email FROM questions ORDER BY id") == [
        (1, "yankeelover", "first.last@gmail.com"), (2, "jbilas", None)]
    assert target.sql("SELECT id, answerer_name, answerer_email, reported, helpful FROM answers"
                      " ORDER BY id") == [
        (1, "Seller", None, False, 4), (2, "Anonymous", None, False, 5),
        (3, "Anonymous", None, False, 0)]
    assert photo_urls(target)[1] == [
        "https://images.example/photo-1.jpg?ixlib=rb-1.2.1&w=1300&q=80"]


NOTHINGS = ["", "null", "NULL", "Null", '"null"', '""', "\\N", '"\\N"', " ", " null "]


@pytest.mark.parametrize("nothing", NOTHINGS)
def test_there_is_one_rule_for_nothing_in_every_column(target, nothing):
    cells = {"id": "9", "product_id": "5", "body": "Why?", "date": "0", "name": "will",
             "email": EMAIL, "reported": "1", "helpful": "3"}
    rows = [",".join({**cells, "id": str(number), column: nothing}.values())
            for number, column in enumerate(cells, 1)]
    target.write(questions=rows, answers_photos=[photo(1, 1, nothing)])
    target.run(REJECTS)
    assert [(int(line), reason) for file, line, reason, _ in target.rejected()] == [
        (2, "id is missing"), (3, "product_id is missing"), (4, "body is missing"),
        (5, "date_written is missing"), (2, "url is missing")]
    shown = target.sql("SELECT asker_name, asker_email, reported, helpful FROM questions ORDER BY id")
    assert shown == [("Anonymous", EMAIL, True, 3), ("will", None, True, 3),
                     ("will", EMAIL, False, 3), ("will", EMAIL, True, 0)]


def test_words_that_only_contain_null_are_kept(target):
    target.write(questions=[post(1, 5, "null?", name="Nullmeyer", email="null@null.example")])
    target.run(DONE)
    assert target.sql("SELECT body, asker_name, asker_email FROM questions") == [
        ("null?", "Nullmeyer", "null@null.example")]


def test_columns_may_stand_in_any_order_with_blanks_and_others_among_them(target):
    (target.folder / "questions.csv").write_text(
        "helpful, reported ,shop, id,asker_email, asker_name, date_written,body, product_id\n"
        f"3,1,main,1,{EMAIL},will,0,Why?,5\n")
    error = target.run(DONE)
    assert "'shop' is left out" in error
    assert target.sql("SELECT id, product_id, body, asker_name, asker_email, reported, helpful"
                      " FROM questions") == [(1, 5, "Why?", "will", EMAIL, True, 3)]


def test_the_name_of_a_column_that_is_left_out_cannot_write_on_the_terminal(target):
    (target.folder / "questions.csv").write_text(
        f'{FILES["questions"]},"shop\n\x1b[2Jimport: done\x7f"\n{post(1, 5)},x\n')
    assert target.run(DONE).splitlines()[0] == (
        "import: ./questions.csv: the column 'shop??[2Jimport: done?' is left out")


def test_lines_may_end_with_crlf_and_begin_with_a_byte_order_mark(target):
    target.write(end="\r\n", questions=[post(1, 5), post(2, 5, '"two\r\nlines"'), post(3, 5)])
    path = target.folder / "questions.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    target.run(DONE)
    assert target.sql("SELECT body, helpful FROM questions ORDER BY id") == [
        ("Why?", 3), ("two\r\nlines", 3), ("Why?", 3)]


def test_names_of_files_and_columns_may_be_in_capitals(target):
    (target.folder / "Questions.CSV").write_text(FILES["questions"].upper() + "\n" + post(1, 5))
    (target.folder / "ANSWERS.csv.GZ").write_bytes(
        gzip.compress((FILES["answers"].title() + "\n" + post(1, 1)).encode()))
    target.run(DONE)
    assert counts(target) == (1, 1, 0)


def test_blank_lines_and_blanks_around_fields_do_not_matter(target):
    (target.folder / "questions.csv").write_text(
        f"\n{FILES['questions']}\n\n"
        f' 1 , 5,  "Why, then?" , 1538856000000, "will", "{EMAIL}", 0 , 3\n'
        ",,,,,,,\n  \t\r\n"
        f"2,5, Why? ,2018-10-06 , will,{EMAIL} ,\tfalse,3\n\n\n")
    error = target.run(DONE)
    assert "2 rows read, 2 imported" in error
    assert target.sql("SELECT id, body, asker_name, asker_email FROM questions ORDER BY id") == [
        (1, "Why, then?", "will", EMAIL), (2, " Why? ", " will", EMAIL)]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_fields_may_be_separated_by_something_else(target, separator, mark):
    for name, row in (("questions", ["1", "5", '"Why, ""now""; or never?|\t"', "0", "will", EMAIL]),
                      ("answers", ["1", "1", "Yes, now.", "0", "ann", "null"])):
        header = separator.join(f'"{column}"' for column in FILES[name].split(","))
        (target.folder / f"{name}.csv").write_text(
            f"{mark}{header}\n{separator.join([*row, '0', '3'])}\n{separator.join('x' * 8)}\n")
    (target.folder / "answers_photos.csv").write_text(
        mark + separator.join(["id", "answer_id", "url"]) + "\n" + separator.join(["1", "1", "/a,b.jpg"]))
    target.run(REJECTS)
    assert target.sql("SELECT body FROM questions") == [('Why, "now"; or never?|\t',)]
    assert target.sql("SELECT body FROM answers") == [("Yes, now.",)]
    assert photo_urls(target) == {1: ["/a,b.jpg"]}
    assert [row[3] for row in target.rejected()] == [separator.join("x" * 8)] * 2


def test_dates_in_seconds_are_recognised(target):
    target.write(questions=[post(1, 5, date="1538856000"), post(2, 5, date="1538856000.5"),
                            post(3, 5, date="1538856000000"), post(4, 5, date="1538856000000000")])
    target.run(DONE)
    assert target.sql("SELECT iso_8601(created_at) FROM questions ORDER BY id") == [
        ("2018-10-06T20:00:00.000Z",), ("2018-10-06T20:00:00.500Z",),
        ("2018-10-06T20:00:00.000Z",), ("2018-10-06T20:00:00.000Z",)]


TEXT = "\n".join([FILES["questions"], post(1, 5), ""])


@pytest.mark.parametrize("content, told", [
    (TEXT.encode("utf-16"), "looks like UTF-16"), (TEXT.encode("utf-16-be"), "looks like UTF-16"),
    (TEXT.encode("utf-16-le"), "looks like UTF-16"), (TEXT.encode("utf-32"), "looks like UTF-16"),
    (b"PK\x03\x04\x14\x00", "looks like a spreadsheet"), (b"\xd0\xcf\x11\xe0\xa1", "spreadsheet"),
    (bz2.compress(TEXT.encode()), "bzip2"), (lzma.compress(TEXT.encode()), "by xz"),
    (b'[{"id": 1}]', "looks like JSON"), (b"<html>", "looks like HTML"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    (TEXT.replace("\n", "\r").encode(), "line ends of CR alone"),
    (post(1, 5).encode(), "no header: its first line must be such as id,product_id,body"),
    (b'1,5,"open', "no header"), (b"\xff\xd8\xff\xe0", "no header"), (b"\n \n", "is empty"),
    ("\n".join([FILES["questions"]] + [post(number, 5, date="06.10.2018")
                                       for number in range(1, 1500)]).encode(),
     "each of the first 1000 rows is bad: date_written must be milliseconds or seconds since 1970"),
])
def test_a_file_of_another_form_is_one_line_that_says_what_it_looks_like(unchanged, content, told):
    (unchanged.folder / "questions.csv").write_bytes(content)
    error = unchanged.run(FAILED)
    assert told in error and "questions.csv" in error, error
    assert len(error.splitlines()) == 1 and EMAIL not in error, error
    assert not (unchanged.folder / "rejected.csv").exists()


def test_files_may_be_compressed(target):
    target.write(questions=[post(1, 5)], answers=[post(1, 1)])
    for name in ("questions.csv", "answers.csv"):
        path = target.folder / name
        (target.folder / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    target.run(DONE)
    assert counts(target) == (1, 1, 0)


def test_one_file_may_come_from_standard_input(target):
    rows = [post(1, 5), post("x", 5), post(2, 5)]
    text = "\n".join([FILES["questions"], *rows]).encode()
    for form in (text, gzip.compress(text)):
        with (target.folder / "input").open("w+b") as file:
            file.write(form)
            file.seek(0)
            cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            error = target.run(REJECTS, "--questions", "-", stdin=cat.stdout)
            cat.wait()
        assert ids(target, "questions") == [1, 2]
        assert [row[:2] for row in target.rejected()] == [("standard input", "3")]
        assert "standard input will be listed in ./rejected.csv; --rejects" in error


def test_any_file_may_be_missing(target):
    target.write(questions=[post(1, 5)])
    target.run(DONE, "--questions", "questions.csv")
    target.write(answers=[post(1, 1)])
    target.run(DONE, "--answers", "answers.csv")
    target.write(answers_photos=[photo(1, 1)])
    target.run(DONE, "--photos", "answers_photos.csv")
    assert counts(target) == (1, 1, 1)
    assert photo_urls(target) == {1: ["https://img.example/1.jpg"]}


def test_what_is_exported_is_what_was_imported(target, tmp_path):
    target.write(
        questions=[post(7, 5, '"Say ""hi"",\nplease 😀"', "2018-10-06T22:00:00.123+02:00", "Zoë"),
                   post(8, 6, "\\N?", "-1", email="", reported="1", helpful="9223372036854775806")],
        answers=[post(9, 7, "</script>'; DROP")], answers_photos=[photo(3, 9), photo(4, 9, "/é.jpg")])
    target.run(DONE)
    with target.stack.migrated_database("export_" + uuid.uuid4().hex) as url:
        other = Target(target.stack, url, tmp_path / "exported")
        subprocess.run([EXPORT_SH, target.url, other.folder], check=True)
        assert {path.stat().st_mode & 0o777 for path in other.folder.iterdir()} == {0o600}
        other.run(DONE)
        for table in FILES:
            rows = f"SELECT row_to_json(shown)::text FROM {table} AS shown ORDER BY id"
            assert other.sql(rows) == target.sql(rows)


@pytest.mark.parametrize("answers, photos", [
    ([1, 2, 3, 4], [(1, 1), (2, 1), (3, 3), (5, 4)]),
    ([2, 4, 9], [(1, 1), (2, 2), (3, 3), (4, 4), (7, 9), (8, 10)]),  # some of answers that are not
    ([4, 3, 2, 1], [(1, 1), (2, 1), (3, 3), (5, 4)]),
    ([1, 2, 3], [(9, 1), (8, 1), (7, 2), (6, 1)]),
    ([1, 2, 3], [(1, 1), (2, 1), (2, 2), (3, 2)]),  # an id is repeated
    ([1, 1, 2], [(1, 1), (2, 2)]),
    ([1], []), ([], [(1, 1)])])
@pytest.mark.parametrize("url", ["/{}.jpg", '/"\\{}é.jpg', "/" + 2000 * "x" + "{}"])
def test_answers_have_the_urls_of_their_photos_in_whatever_order_both_come(target, answers, photos,
                                                                          url):
    quote = url.replace('"', '""')
    target.write(questions=[post(1, 5)], answers=[post(number, 1) for number in answers],
                 answers_photos=[photo(number, answer, f'"{quote.format(number)}"')
                                 for number, answer in photos] + [photo("x", 1)])
    target.run(REJECTS)
    assert photo_urls(target) == {
        number: [shown for shown, in target.sql(
            "SELECT url FROM answers_photos WHERE answer_id = %s ORDER BY id", number)]
        for number in answers}
    assert target.sql("SELECT id FROM answers WHERE photo_urls::text <> photo_urls(id)::text") == []
    taken = {number for number, answer in photos if answer in answers}
    assert set(ids(target, "answers_photos")) == taken


def test_an_answer_with_more_urls_than_fit_into_its_row_has_them_all(target):
    target.write(questions=[post(1, 5)], answers=[post(1, 1), post(2, 1)],
                 answers_photos=[photo(number, 1, "/" + 2000 * "x" + str(number))
                                 for number in range(1, 30)] + [photo(30, 2)])
    target.run(DONE)
    assert len(photo_urls(target)[1]) == 29
    assert target.sql("SELECT id FROM answers WHERE photo_urls::text <> photo_urls(id)::text") == []


def test_rows_in_no_order_are_loaded_and_lie_together_by_parent(target):
    target.write(questions=[post(number, number % 5 + 1) for number in range(20, 0, -1)],
                 answers=[post(number, number % 20 + 1) for number in range(1, 200)])
    target.run(DONE)
    assert ids(target, "questions") == list(range(1, 21))
    places = [parent for parent, in target.sql("SELECT question_id FROM answers ORDER BY ctid")]
    assert places == sorted(places)
    assert target.sql("SELECT count(*) FROM pg_index WHERE indisclustered") == [(0,)]


# Bad rows

OVERLONG = "y" * (1 << 20)
csv.field_size_limit(2 << 20)
NUMBER = "must be a whole number"
BAD_QUESTIONS = [
    (post("", 5), "id is missing"), (post("abc", 5), "id " + NUMBER), (post(0, 5), "id " + NUMBER),
    (post("-1", 5), "id " + NUMBER), (post("1.5", 5), "id " + NUMBER), (post("8 8", 5), "id"),
    (post(2**53, 5), "id " + NUMBER), (post(2**63 - 2, 5), "id " + NUMBER),
    (post(2**63, 5), "id " + NUMBER), (post("9" * 40, 5), "id " + NUMBER),
    (post(1000, "null"), "product_id is missing"),
    (post(1000, 2**31), "product_id " + NUMBER), (post(1000, 0), "product_id " + NUMBER),
    (post(1000, 5, ""), "body is missing"), (post(1000, 5, '" \t\u3000\n"'), "body must be"),
    (post(1000, 5, "x" * 1001), "body must be"),
    (post(1000, 5, name="n" * 61), "asker_name must be"),
    (post(1000, 5, name="\u00a0"), "asker_name must be"),
    (post(1000, 5, email="nobody"), "asker_email must be"),
    (post(1000, 5, email="a@b@c"), "asker_email must be"),
    (post(1000, 5, email="a@" + "b" * 253), "asker_email must be"),
    (post(1000, 5, date="soon"), "date_written must be"),
    (post(1000, 5, date="2019-02-29"), "date_written must be"),
    (post(1000, 5, date="0000-01-01"), "date_written must be"),
    (post(1000, 5, date="253402300800000"), "date_written must be"),
    (post(1000, 5, reported="2"), "reported must be"), (post(1000, 5, reported="yes"), "reported"),
    (post(1000, 5, helpful="-1"), "helpful must be"),
    (post(1000, 5, helpful=2**63 - 1), "helpful must be"), (post(1000, 5, date=""), "date_written is"),
    ("1000", "wrong number of columns"),
    (post(1000, 5) + ",", "wrong number of columns"),
    (post(1000, 5, "nul\0"), "NUL byte"), (post(1000, 5, "\udcff"), "not UTF-8"),
    (post(1000, 5, "\udced\udca0\udc80"), "not UTF-8"), (post(1000, 5, 'say "hi"'), "a quote where"),
    (post(1000, 5, '"say" hi'), "a quote where"), (post(1000, 5, '"open'), "a quote"),
    (post(1, 5, "Again?"), "id is repeated"),
]
BAD_ANSWERS = [
    (post(1000, ""), "question_id is missing"), (post(1000, 999999), "question_id does not exist"),
    (post(1000, 2**53), "question_id must be"), (post(1, 1), "id is repeated"),
    (post(1000, 1, name="\u3000"), "answerer_name must be"), (post(1000, 1, "null"), "body is missing"),
    (post(1000, 1, email="null@"), "answerer_email must be"),
]
BAD_PHOTOS = [
    (photo(1000, "x"), "answer_id must be"), (photo(1000, 1, ""), "url is missing"),
    (photo("\\N", 1), "id is missing"),
    (photo(1000, 1, "javascript:alert(1)"), "url must be"),
    (photo(1000, 1, "javascript:1/alert(1)"), "url must be"), (photo(1000, 1, "a b"), "url must be"),
    (photo(1000, 1, "x" * 2049), "url must be"), (photo(1000, 888888), "answer_id does not exist"),
    (photo(1, 1), "id is repeated"),
]


def scatter(bad_rows, good_row):
    """A good row before each bad one; the rows, and (line, reason, row) of the bad ones."""
    rows, bad, line = [], [], 2
    for number, (row, reason) in enumerate(bad_rows, 1):
        for text in (good_row(number), row):
            if text is row:
                bad.append((str(line), reason, row))
            rows.append(text)
            line += 1 + text.count("\n")
    rows.append(good_row(len(bad_rows) + 1))
    return rows, bad


def test_every_bad_row_is_listed_and_every_good_one_is_loaded(target):
    files = {"questions": scatter(BAD_QUESTIONS, lambda number: post(number, 5)),
             "answers": scatter(BAD_ANSWERS, lambda number: post(number, number)),
             "answers_photos": scatter(BAD_PHOTOS, lambda number: photo(number, 1))}
    target.write(**{name: rows for name, (rows, _) in files.items()})
    error = target.run(REJECTS)
    rejected = target.rejected()
    for name, (rows, bad) in files.items():
        found = [row[1:] for row in rejected if row[0] == f"./{name}.csv"]
        assert [(line, row) for line, _, row in found] == [(line, row) for line, _, row in bad]
        for (_, reason, _), (_, expected, row) in zip(found, bad):
            assert reason.startswith(expected) or expected in reason, row
        good = len(rows) - len(bad)
        assert ids(target, name) == list(range(1, good + 1))
        assert (f"{name}.csv: {len(rows)} rows read, {good} imported, 0 present,"
                f" {len(bad)} rejected" in error)
    assert len(rejected) == sum(len(bad) for _, bad in files.values())
    assert "2 x asker_email" not in error and "3 x asker_email must be" in error
    assert target.sql("SELECT body FROM questions WHERE id = 1") == [("Why?",)]


def test_a_row_of_any_length_costs_no_other_row(target):
    target.write(questions=[post(1, 5), post(2, 5, OVERLONG), post(3, 5), post(4, 5, '"' + OVERLONG),
                            post(5, 5)])
    target.run(REJECTS)
    assert ids(target, "questions") == [1, 3, 5]
    assert [(line, len(row)) for _, line, _, row in target.rejected()] == [
        ("3", 1 << 20), ("5", 1 << 20)]
    assert all("longer than 1 MiB" in reason for _, _, reason, _ in target.rejected())


def test_an_open_quote_at_the_end_costs_the_last_row(target):
    target.write(questions=[post(1, 5), '2,5,"never closed'])
    target.run(REJECTS)
    assert ids(target, "questions") == [1]
    assert target.rejected() == [
        ("./questions.csv", "3", "a quote is not closed", '2,5,"never closed')]


def test_what_belongs_to_a_rejected_row_is_rejected_too(target):
    target.write(questions=[post(1, 5), post(2, 0)], answers=[post(1, 1), post(2, 2), post(3, 2)],
                 answers_photos=[photo(1, 2), photo(2, 1), photo(3, 3)])
    target.run(REJECTS)
    assert counts(target) == (1, 1, 1)
    assert [row[:3] for row in target.rejected()[1:]] == [
        ("./answers.csv", "3", "question_id does not exist"),
        ("./answers.csv", "4", "question_id does not exist"),
        ("./answers_photos.csv", "2", "answer_id does not exist"),
        ("./answers_photos.csv", "4", "answer_id does not exist")]


def test_of_rows_with_one_id_the_first_good_one_stays(target):
    target.write(questions=[post(1, 5)],
                 answers=[post(7, 99, "orphan"), post(7, 1, "bad date", date="x"),
                          post(7, 1, "first"), post(7, 1, "second"), post(6, 1)])
    target.run(REJECTS)
    assert target.sql("SELECT id, body FROM answers ORDER BY id") == [(6, "Why?"), (7, "first")]
    assert [row[1:3] for row in target.rejected() if "date" not in row[2]] == [
        ("2", "question_id does not exist"), ("5", "id is repeated within the file")]


def test_the_reject_file_goes_where_it_is_told(target):
    target.write(questions=[post("x", 5)])
    target.run(REJECTS, ".", "--rejects", "bad rows.csv")
    assert (target.folder / "bad rows.csv").exists()
    assert not (target.folder / "rejected.csv").exists()


@pytest.mark.parametrize("arguments", [["data"], ["data/"], ["--questions", "data/questions.csv"]])
def test_the_reject_file_goes_beside_the_data(target, arguments):
    target.write(questions=[post("x", 5)])
    data = target.folder / "data"
    data.mkdir()
    (target.folder / "questions.csv").rename(data / "questions.csv")
    before = set(target.folder.iterdir())
    target.run(REJECTS, *arguments)
    assert set(target.folder.iterdir()) == before
    assert {path.name for path in data.iterdir()} == {"questions.csv", "rejected.csv"}


def test_only_its_owner_reads_the_reject_file(target):
    target.write(questions=[post("x", 5)])
    for name in ("rejected.csv", "rejected.csv.tmp"):  # of an earlier import
        (target.folder / name).touch(0o666)
    target.run(REJECTS)
    assert (target.folder / "rejected.csv").stat().st_mode & 0o777 == 0o600
    assert not (target.folder / "rejected.csv.tmp").exists()


@pytest.mark.parametrize("rejects, reason", [
    ("no/rejected.csv", "No such file"), ("folder", "Is a directory"), ("/proc/rejected.csv", ""),
    ("questions.csv", "would overwrite questions.csv"), ("link.csv", "would overwrite link.csv"),
    ("pipe", "not a regular file"), ("other.csv", "not a regular file"),
    ("dangling.csv", "not a regular file")])
def test_a_reject_file_that_cannot_be_written_is_told_before_the_import_begins(unchanged, rejects, reason):
    (unchanged.folder / "folder").mkdir()
    os.mkfifo(unchanged.folder / "pipe")  # as a device, but without a privilege
    (unchanged.folder / "kept.csv").write_text("kept")
    for link, name in (("link.csv", "questions.csv"), ("other.csv", "kept.csv"),
                       ("dangling.csv", "none.csv")):
        (unchanged.folder / link).symlink_to(name)
    unchanged.write(questions=[post(1, 5)])
    listed = set(unchanged.folder.iterdir())
    text = (unchanged.folder / "questions.csv").read_text()
    error = unchanged.run(FAILED, ".", "--rejects", rejects)
    assert rejects in error and reason in error and "--rejects FILE" in error
    assert len(error.splitlines()) == 1
    assert (unchanged.folder / "questions.csv").read_text() == text
    assert set(unchanged.folder.iterdir()) == listed and (unchanged.folder / "pipe").is_fifo()


@pytest.mark.parametrize("missing", [[], sorted(MIGRATIONS)[-1:], sorted(MIGRATIONS)[3:]])
def test_a_database_that_lacks_a_migration_is_told_how_to_get_it(target, missing):
    """Only the notes of what has been applied are gone; all of them in a database that is new."""
    target.write(questions=[post(1, 5)])
    if missing:
        target.sql("DELETE FROM schema_migrations WHERE name = ANY (%s)", missing)
    else:
        target.sql("DROP TABLE schema_migrations")
    before = contents(target)
    error = target.run(FAILED)
    assert error == ("import: the database is not up to date: run `atelier-qa migrate` first; the"
                     " database is as it was\n")
    assert contents(target) == before


def test_what_is_published_and_what_is_not_is_told(target):
    target.write(questions=[post(1, 5), post("x", 5), post(2, 5)], answers=[post(1, 1), post(2, 9)])
    lines = target.run(REJECTS).splitlines()
    assert lines[-2:] == ["import: 2 rows are rejected, listed with the reasons in ./rejected.csv",
                          "import: 3 good rows are published, 0 were there before"]


def test_a_dry_run_tells_the_same_and_changes_nothing(target):
    target.write(questions=[post(1, 5)], answers=[post(1, 1)])
    target.run(DONE)
    for option in ([], ["--sample"]):  # into tables with rows, and into empty ones
        if option:
            target.sql("TRUNCATE questions, answers, answers_photos")
        target.write(questions=[post(1, 5), post("x", 5), post(2, 5)],
                     answers=[post(1, 1), post(2, 2), post(3, 9)], answers_photos=[photo(1, 2)])
        before = contents(target), definitions(target)
        error = target.run(REJECTS, ".", "--dry-run", *option)
        assert (contents(target), definitions(target)) == before
        new, old = (2, 0) if option else (1, 1)
        assert (f"questions.csv: 3 rows read, {new} to import, {old} present, 1 rejected" in error
                and f"answers.csv: 3 rows read, {new} to import, {old} present, 1 rejected" in error
                and "answers_photos.csv: 1 rows read, 1 to import" in error), error
        assert error.endswith(f"import: {2 * new + 1} good rows would be published, {2 * old} were"
                              " there before\nimport: a dry run: the database is as it was\n")
        rejected = target.rejected()
        assert [row[:2] for row in rejected] == [("./questions.csv", "3"), ("./answers.csv", "4")]
        real = target.run(REJECTS, ".", *option)
        assert target.rejected() == rejected
        assert f"{2 * new + 1} good rows are published" in real


def test_make_import_is_done_where_bad_rows_are_listed(target):
    def make(data):
        return subprocess.run(
            ["make", "--no-print-directory", "-o", target.stack.program, "import", f"DATA={data}",
             f"PROGRAM={target.stack.program}"], cwd=CHECKOUT, text=True, capture_output=True,
            timeout=PATIENCE_S, env={**os.environ, "QA_OWNER_DATABASE_URL": target.url,
                             "QA_STATE_DIR": str(target.folder)})

    target.write(questions=[post(1, 5), post("x", 5)])
    done = make(target.folder)
    assert done.returncode == 0 and "Error" not in done.stderr, done.stderr
    assert "1 good rows are published" in done.stderr
    failed = make(target.folder / "nowhere")
    assert failed.returncode == 2 and "there is no folder" in failed.stderr


# Into a database that has rows

def test_a_second_import_changes_nothing(target):
    target.generate(50)
    target.run(DONE)
    before = contents(target), definitions(target)
    error = target.run(DONE)
    assert (contents(target), definitions(target)) == before
    assert all(" 0 imported, " in line for line in error.splitlines() if "rows read" in line)


def ranked(target, table):
    return [number for number, in target.sql(f"SELECT id FROM {table} WHERE ranked ORDER BY id")]


@pytest.mark.parametrize("order", [1, -1])  # with -1 only after sorting
def test_large_groups_are_ranked_in_empty_tables_and_beside_rows(target, order):
    """sql/migrations/0009_ranks.sql: the first 200 rows of a group are not."""
    target.write(questions=[post(number, 1 if number <= 203 else 2) for number in range(1, 206)][::order],
                 answers=[*(post(number, 5) for number in range(1, 202)), post(202, 203), post(203, 204)][::order])
    target.run(DONE)
    large = "SELECT id, large_product FROM answers WHERE large_product IS NOT NULL ORDER BY id"
    assert ranked(target, "questions") == [201, 202, 203]
    assert ranked(target, "answers") == [201]
    assert target.sql(large) == [(202, 1)]
    target.write(questions=[post(300, 1), post(301, 2)], answers=[post(300, 5), post(301, 7), post(302, 300)])
    target.run(DONE)
    assert ranked(target, "questions") == [201, 202, 203, 300]
    assert ranked(target, "answers") == [201, 300]
    assert target.sql(large) == [(202, 1), (302, 1)]


def test_what_the_database_has_stays_and_new_rows_are_added(target):
    target.write(questions=[post(1, 5, "old"), post(3, 5, "old")], answers=[post(1, 1, "old")])
    target.run(DONE)
    target.sql("INSERT INTO questions (product_id, body, asker_name, asker_email)"
               " VALUES (5, 'posted', 'will', %s)", EMAIL)  # it gets the id 4
    target.write(questions=[post(1, 5, "new"), post(2, 5, "new"), post(4, 5, "new"), post(9, 5, "new")],
                 answers=[post(1, 1, "new"), post(2, 3, "new"), post(3, 4, "new"), post(4, 8, "new")])
    error = target.run(REJECTS)
    assert target.sql("SELECT id, body FROM questions ORDER BY id") == [
        (1, "old"), (2, "new"), (3, "old"), (4, "posted"), (9, "new")]
    assert target.sql("SELECT id, question_id, body FROM answers ORDER BY id") == [
        (1, 1, "old"), (2, 3, "new"), (3, 4, "new")]
    assert "questions.csv: 4 rows read, 2 imported, 2 present, 0 rejected" in error
    assert "answers.csv: 4 rows read, 2 imported, 1 present, 1 rejected" in error
    assert "the tables hold rows: new ones are added beside them" in error
    assert [row[1:3] for row in target.rejected()] == [("5", "question_id does not exist")]
    assert target.sql("SELECT nextval('questions_id_seq'), nextval('answers_id_seq')") == [(10, 4)]


def test_sequences_never_go_back(target):
    target.sql("SELECT setval('questions_id_seq', 500), setval('answers_id_seq', 7, false)")
    target.write(questions=[post(1, 5)], answers=[post(7, 1)])
    target.run(DONE)
    assert target.sql("SELECT nextval('questions_id_seq'), nextval('answers_id_seq')") == [(501, 8)]
    target.write(questions=[post(2, 5)])
    target.run(DONE)
    assert target.sql("SELECT nextval('questions_id_seq')") == [(502,)]


def test_tables_that_others_depend_on_are_filled_in_place(target):
    target.sql("CREATE VIEW bodies AS SELECT body FROM questions")
    before = definitions(target)
    target.write(questions=[post(1, 5, "sample")], answers=[post(1, 1)])
    target.run(DONE, ".", "--sample")
    assert target.sql("SELECT body FROM bodies") == [("sample",)]
    target.write(questions=[post(1, 5, "real")])
    assert "others depend on them" in target.run(DONE, ".", "--replace")
    assert target.sql("SELECT body FROM bodies") == [("real",)]
    assert definitions(target) == before


def test_a_row_that_was_posted_while_the_import_prepared_stays(target):
    target.write(questions=[post(1, 5, "file"), post(2, 5, "file")], answers=[post(1, 1), post(2, 2)])
    before = definitions(target)
    with target.stack.database(target.url) as cursor:
        cursor.execute("INSERT INTO questions (product_id, body, asker_name, asker_email)"
                       " VALUES (5, 'posted', 'will', %s)", [EMAIL])  # it gets the id 1
        process = target.start("import", ".")
        wait_until(lambda: waits_for_tables(target))
        cursor.connection.commit()
    error = target.finish(process, DONE)
    assert "rows were posted meanwhile" in error
    assert "questions.csv: 2 rows read, 1 imported, 1 present" in error
    assert target.sql("SELECT id, body FROM questions ORDER BY id") == [(1, "posted"), (2, "file")]
    assert ids(target, "answers") == [1, 2]
    assert target.sql("SELECT nextval('questions_id_seq')") == [(3,)]
    assert definitions(target) == before


def test_privileges_stay_as_they_were(target):
    target.sql("GRANT USAGE ON SEQUENCE questions_id_seq TO atelier_qa_serving")
    target.sql("GRANT SELECT ON answers TO atelier_qa_serving WITH GRANT OPTION")
    target.sql("GRANT REFERENCES (url) ON answers_photos TO PUBLIC")
    before = definitions(target)
    target.write(questions=[post(1, 5)])
    [[number]] = target.sql("SELECT 'questions'::regclass::oid")
    target.run(DONE)
    assert definitions(target) == before
    assert target.sql("SELECT 'questions'::regclass::oid") != [(number,)]  # it was exchanged


# The sample

def test_the_sample_is_only_replaced_when_that_is_asked_for(target):
    target.write(questions=[post(1, 5, "sample"), post(2, 5, "sample")], answers=[post(1, 2)])
    target.run(DONE, ".", "--sample")
    target.run(DONE, ".", "--sample")
    before = contents(target)
    target.write(questions=[post(1, 5, "real")], answers=[post(7, 1)])
    assert "--replace" in target.run(FAILED)
    assert contents(target) == before
    target.run(DONE, ".", "--replace")
    assert target.sql("SELECT id, body FROM questions") == [(1, "real")]
    assert ids(target, "answers") == [7]
    assert target.sql("SELECT nextval('questions_id_seq')") == [(3,)]


def test_data_that_are_not_the_sample_are_never_replaced_or_mixed_with_it(target):
    target.write(questions=[post(1, 5, "real")])
    target.run(DONE, ".", "--replace")  # nothing to replace
    before = contents(target)
    target.write(questions=[post(2, 5, "other")])
    for option in ("--replace", "--sample"):
        assert "not the sample" in target.run(FAILED, ".", option)
        assert contents(target) == before


@pytest.mark.parametrize("option", [[], ["--sample"]])
def test_only_an_empty_database_is_filled_when_that_is_asked_for(target, option):
    target.write(questions=[post(1, 5, "first")])
    target.run(DONE, ".", "--if-empty", *option)
    before = contents(target)
    target.write(questions=[post(2, 5, "second")])
    assert "nothing was done" in target.run(DONE, ".", "--if-empty", *option)
    assert contents(target) == before
    assert target.sql("SELECT body FROM questions") == [("first",)]


# What goes wrong

@pytest.mark.parametrize("arguments, status, told", [
    (["import"], USAGE, "directory"), (["import", ".", "more"], USAGE, "directory"),
    (["import", ".", "--questions", "questions.csv"], USAGE, "not both"),
    (["import", "--questions", "-", "--answers", "-"], USAGE, "standard input"),
    (["import", ".", "--fast"], USAGE, "fast"), 
    (["import", "nowhere"], FAILED, "there is no folder nowhere: No such file"),
    (["import", "short"], FAILED, "short is a file and no folder"),
    (["import", "folder"], FAILED, "folder has none of questions.csv"),
    (["import", "twins"], FAILED, "several files named answers.csv"),
    (["import", "--questions", "nowhere.csv"], FAILED, "nowhere.csv"),
    (["import", "--questions", "."], FAILED, "cannot read"),
    (["import", "--questions", "empty"], FAILED, "is empty"),
    (["import", "--questions", "short"], FAILED, "no column 'helpful'"),
    (["import", "--questions", "twice"], FAILED, "two columns 'id'"),
    (["import", "--questions", "cut.gz"], FAILED, "cut short"),
])
def test_a_mistake_is_one_line_and_changes_nothing(unchanged, arguments, status, told):
    header = FILES["questions"]
    rows = "\n".join([header] + [post(number, 5) for number in range(1, 500)])
    (unchanged.folder / "empty").write_text("")
    (unchanged.folder / "folder").mkdir()
    (unchanged.folder / "twins").mkdir()
    for name in ("Answers.csv", "ANSWERS.CSV"):
        (unchanged.folder / "twins" / name).write_text(FILES["answers"])
    (unchanged.folder / "short").write_text(header.removesuffix(",helpful"))
    (unchanged.folder / "twice").write_text(header + ",id")
    (unchanged.folder / "cut.gz").write_bytes(gzip.compress(rows.encode())[:-20])
    error = unchanged.finish(unchanged.start(*arguments), status)
    assert told in error and len(error.splitlines()) == 1, error


def test_a_database_that_was_not_migrated_or_is_away_is_told(stack, tmp_path):
    (tmp_path / "questions.csv").write_text(FILES["questions"])
    with stack.empty_database("import_" + uuid.uuid4().hex) as url:
        assert "migrate" in Target(stack, url, tmp_path).run(FAILED)
    Target(stack, f"postgresql:///nowhere?host={tmp_path}", tmp_path).run(FAILED)


def copies(target):
    return target.sql("SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 0"
                      " AND datname = current_database()")


@contextlib.contextmanager
def under_way(target, *arguments):
    """An import of many rows that has staged some of them."""
    target.generate(20000)
    process = target.start("import", ".", *arguments)
    try:
        wait_until(lambda: copies(target) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_rows_are_read_leaves_the_database_as_it_was(unchanged, number):
    with under_way(unchanged) as process:
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -number
        assert "stopped" in error


def test_a_signal_before_the_rows_are_published_leaves_the_database_as_it_was(unchanged):
    unchanged.write(questions=[post(1, 5)])
    with unchanged.stack.database(unchanged.url) as cursor:
        cursor.execute("SELECT FROM questions")  # keeps the tables from being exchanged
        process = unchanged.start("import", ".")
        wait_until(lambda: waits_for_tables(unchanged))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGINT


def test_a_long_wait_is_told(target):
    target.write(questions=[post(1, 5)])
    told = target.folder / "told"
    with told.open("w") as file, target.stack.database(target.url) as cursor:
        cursor.execute("SELECT FROM questions")
        process = target.start("import", ".", stderr=file)
        wait_until(lambda: "waiting until nobody uses the tables: 0:0" in told.read_text())
    assert process.wait(timeout=PATIENCE_S) == DONE, told.read_text()


def test_a_signal_while_standard_input_says_nothing_is_heeded(target):
    process = target.start("import", "--questions", "-", stdin=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE_S) == -signal.SIGINT
    process.communicate()


def test_after_kill_9_the_database_is_as_it_was_but_for_staging_and_the_next_import_works(target):
    before = contents(target)[:-1]
    with under_way(target) as process:
        process.kill()
        process.wait()
    assert contents(target)[:-1] == before
    target.write(questions=[post(1, 5)], answers=[], answers_photos=[])
    target.run(DONE)
    assert counts(target) == (1, 0, 0)
    assert target.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^atelier'") == []


def test_a_database_that_breaks_the_connection_is_told_and_nothing_is_published(target):
    before = contents(target)[:-1]
    with under_way(target) as process:
        for pid, in copies(target):
            target.sql("SELECT pg_terminate_backend(%s)", pid)
        target.finish(process, FAILED)
    assert contents(target)[:-1] == before


def test_imports_at_the_same_time_wait_for_each_other(target):
    with under_way(target) as first:
        second = target.start("import", ".")
        target.finish(first, DONE)
        error = target.finish(second, DONE)
    assert "waiting for another import" in error
    assert " 0 imported" in error


# Beside a running service

@pytest.fixture(scope="module")
def live():
    """A stack without sample data."""
    with running(QA_SAMPLE_PRODUCTS="0") as stack:
        yield SimpleNamespace(stack=stack, api=Api(stack.base_url))


@pytest.fixture
def live_target(live, tmp_path):
    return Target(live.stack, live.stack.owner_url, tmp_path, live.stack.folder)


def test_the_service_serves_the_new_rows_without_a_restart(live, live_target):
    for _ in range(20):  # every worker's statements are prepared, and its cache holds the page
        assert live.api.questions(5) == []
    live_target.write(questions=[post(1, 5, email="null"), post(2, 5, reported="1")],
                      answers=[post(1, 1, name="null", email="null")],
                      answers_photos=[photo(1, 1)])
    live_target.run(DONE)
    for _ in range(20):
        [question] = live.api.questions(5)
        answer = question["answers"]["1"]
        assert (answer["answerer_name"], answer["photos"]) == (
            "Anonymous", ["https://img.example/1.jpg"])
    assert live.api.add_question(5)["question_id"] == 3
    assert live.api.add_answer(1, photos=["/1.jpg"])["answer_id"] == 2
    live.api.vote("questions", 1)
    assert len(live.stack.worker_pids()) == 2


def test_posts_during_an_import_succeed_and_get_ids_of_their_own(live, live_target):
    product = new_product()
    live.api.add_question(product)
    live_target.generate(5000)
    process = live_target.start("import", ".")
    posted = []
    while process.poll() is None:
        question = live.api.add_question(product)["question_id"]
        posted += [question]
        live.api.add_answer(question)
    error = live_target.finish(process, DONE)
    assert len(posted) > 5 and len(set(posted)) == len(posted)
    shown = [question["question_id"] for question in live.api.questions(product, count=1000)]
    assert set(posted) <= set(shown)
    rows, imported, present = map(int, re.search(
        r"questions.csv: (\d+) rows read, (\d+) imported, (\d+) present", error).groups())
    assert imported + present == rows and imported > 17000


def test_the_caches_are_told_at_the_commit_and_not_when_the_import_has_cleared_up(live, live_target):
    live.api.add_question(new_product())  # so that the tables are not exchanged
    product = new_product()
    for _ in range(20):  # every worker's cache holds the page
        assert live.api.questions(product) == []
    [[next_id]] = live_target.sql("SELECT nextval('questions_id_seq')")
    live_target.write(questions=[post(next_id + 1, product)])
    with contextlib.ExitStack() as clearing:
        with live.stack.locked("SELECT nextval('questions_id_seq')"):
            process = live_target.start("import", ".")
            wait_until(lambda: live_target.sql(
                "SELECT pid FROM pg_stat_activity WHERE query ~ 'import.move_sequence'"
                " AND pid <> pg_backend_pid()"))
            clearing.enter_context(live.stack.locked("SELECT FROM atelier_qa_import.rejected"))
        wait_until(lambda: live.api.questions(product))
        for _ in range(20):
            assert len(live.api.questions(product)) == 1
        assert process.poll() is None
    live_target.finish(process, DONE)


def test_sequences_in_use_delay_the_import_and_not_those_who_post(live, live_target):
    [[next_id]] = live_target.sql("SELECT nextval('questions_id_seq')")
    live_target.write(questions=[post(next_id + 100, 5)])
    with live.stack.locked("SELECT nextval('questions_id_seq')"):
        process = live_target.start("import", ".")
        for _ in range(20):
            assert live.api.add_question(new_product())["question_id"] < next_id + 100
        assert process.poll() is None
    live_target.finish(process, DONE)
    assert live.api.add_question(new_product())["question_id"] > next_id + 100


# The end of it

@pytest.mark.parametrize("how", ["falsifies", "cuts"])
def test_a_commit_without_a_clear_reply_is_not_known(target, how):
    """The server has committed; an import that says "as it was" would be believed."""
    target.write(questions=[post(1, 7)])
    with link(target.url, "COMMIT") as (url, between):
        target.set(QA_OWNER_DATABASE_URL=url)
        setattr(between, how, True)
        between.spared = 1  # the commit of the file's staging
        error = target.run(UNKNOWN)
    assert "as it was" not in error
    [line] = [line for line in error.splitlines() if "not known" in line]
    assert "look whether the rows are there" in line
    assert ids(target, "questions") == [1]
    target.set(QA_OWNER_DATABASE_URL=target.url)
    target.run(DONE)
    assert ids(target, "questions") == [1]


def test_a_commit_that_the_server_refuses_leaves_the_database_as_it_was(target):
    target.sql("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
        CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON questions DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse()""")
    target.write(questions=[post(1, 7)])
    assert "not now; the database is as it was" in target.run(FAILED)
    assert ids(target, "questions") == []
