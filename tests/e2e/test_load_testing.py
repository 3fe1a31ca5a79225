"""The load tests' own promises: each script of k6/ runs against the service, counts what it did,
fails when the service does, and harms nobody's data. Rates are low and latencies not judged here."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api import PATIENCE_S, Api
from conftest import running
from stack import wait_until

pytestmark = pytest.mark.same_with_sanitizers("k6 and its scripts")

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPTS = {
    "load": {"RATE": "40", "DURATION": "3s"},
    "stress": {"RATE": "10", "MAX_RATE": "60", "DURATION": "3s"},
    "spike": {"RATE": "10", "SPIKE_RATE": "60", "DURATION": "3s"},
    "soak": {"RATE": "40", "DURATION": "3s"},
    "endpoints": {"RATE": "10", "DURATION": "1s"}}
ENDPOINTS = {"list_questions", "list_answers", "add_question", "add_answer", "vote_question",
             "vote_answer", "report_question", "report_answer", "sort_questions", "search_questions", "show_question",
             "show_counts", "show_document"}
PASSED, MISSED, ABORTED = 0, 99, 108  # k6's exit statuses
NOT_JUDGED = {"P95_MS": "60000", "P99_MS": "60000", "LIMIT_MS": "60000"}


class Run:
    """One run of k6/NAME.js, with what it wrote; `meanwhile` is called when it has begun, with
    its process."""

    def __init__(self, folder, base_url, name, meanwhile=lambda process: None, **environment):
        with subprocess.Popen(
                [CHECKOUT / "scripts/k6.sh", name], text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "BASE_URL": base_url, "SUMMARY_DIR": str(folder), **NOT_JUDGED,
                     **environment}) as process:
            try:
                meanwhile(process)
                self.output, _ = process.communicate(timeout=PATIENCE_S)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self.status = process.returncode
        self.page = (folder / f"{name}.html").read_text()
        self.text = (folder / f"{name}.txt").read_text()
        self.summary = json.loads((folder / f"{name}.json").read_text())

    def value(self, metric, figure):
        return self.summary["metrics"].get(metric, {"values": {}})["values"].get(figure, 0)

    def count(self, endpoint):
        return self.value(f"http_req_duration{{name:{endpoint}}}", "count")

    def was_disturbed(self):
        """Whether the machine was too busy for so few requests a second: some were honestly refused,
        or never sent."""
        return (self.value("dropped_iterations", "count") > 0
                or any(self.value(f"http_reqs{{status:{status},part:run}}", "count")
                       for status in (503, 504)))

    def failed_checks(self):
        return [check["name"] for check in self.summary["root_group"]["checks"] if check["fails"]]


def undisturbed(run):
    """What `run()` returns: a run that the machine did not disturb, which may take some tries."""
    runs = []
    wait_until(lambda: runs.append(run()) or not runs[-1].was_disturbed())
    return runs[-1]


REPORTED_OF_OTHERS = ("SELECT id FROM questions WHERE reported AND body NOT LIKE 'k6: %%' UNION ALL"
                      " SELECT -id FROM answers WHERE reported AND body NOT LIKE 'k6: %%'")


def helpfulness(stack, table):
    return stack.sql(f"SELECT coalesce(sum(helpful), 0) FROM {table}")[0][0]


def test_the_smoke_test_passes_and_leaves_nothing_visible(stack, tmp_path):
    visible = "SELECT count(*) FROM questions WHERE NOT reported"
    before = stack.sql(visible)
    run = undisturbed(lambda: Run(tmp_path, stack.base_url, "smoke", ITERATIONS="3"))
    assert run.status == PASSED, run.output
    assert run.value("checks", "passes") > 100
    assert all(run.count(endpoint) for endpoint in ENDPOINTS)
    assert stack.sql(visible) == before


def test_the_smoke_test_fails_against_a_service_that_refuses(limited_stack, tmp_path):
    run = Run(tmp_path, limited_stack.base_url, "smoke")
    assert run.status in (MISSED, ABORTED), run.output
    assert run.failed_checks()
    assert run.value("http_reqs{status:429,part:run}", "count") > 0
    assert ">failed<" in run.page


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_passes_counts_exactly_and_reports_only_what_it_added(stack, tmp_path, name):
    reported = set(stack.sql(REPORTED_OF_OTHERS))
    before = {}

    def run_script():
        before.update((table, helpfulness(stack, table)) for table in ("questions", "answers"))
        return Run(tmp_path, stack.base_url, name, **SCRIPTS[name])

    run = undisturbed(run_script)
    assert run.status == PASSED, run.output
    assert not run.failed_checks()
    for table, endpoint in (("questions", "vote_question"), ("answers", "vote_answer")):
        assert helpfulness(stack, table) - before[table] == run.count(endpoint)
    assert set(stack.sql(REPORTED_OF_OTHERS)) == reported
    assert name != "endpoints" or all(run.count(endpoint) for endpoint in ENDPOINTS)
    statuses = sum(run.value(f"http_reqs{{status:{status},part:run}}", "count")
                   for status in (200, 201, 202, 204))
    slices = sum(run.value(f"http_req_duration{{slice:{number}}}", "count") for number in range(40))
    assert statuses == slices == run.value("http_req_duration{part:run}", "count") > 50
    assert ">passed<" in run.page and run.page.count("<svg") == 4
    assert f"{statuses:,} requests" in run.text


def test_one_endpoint_can_be_chosen(stack, tmp_path):
    run = undisturbed(lambda: Run(tmp_path, stack.base_url, "endpoints", ENDPOINT="vote_answer",
                                  RATE="20", DURATION="1s"))
    assert run.status == PASSED, run.output
    assert {endpoint for endpoint in ENDPOINTS if run.count(endpoint)} == {"vote_answer"}


@pytest.mark.parametrize("missed", [{"P95_MS": "0.001"}, {"P99_MS": "0.001"}])
def test_a_missed_threshold_fails_the_run(stack, tmp_path, missed):
    run = Run(tmp_path, stack.base_url, "load", RATE="20", DURATION="2s", **missed)
    assert run.status == MISSED, run.output
    assert ">failed<" in run.page and "FAILED" in run.text


def test_refused_requests_fail_the_load_test(limited_stack, tmp_path):
    run = Run(tmp_path, limited_stack.base_url, "load", RATE="40", DURATION="2s", PRODUCTS="10")
    assert run.status in (MISSED, ABORTED), run.output
    assert run.value("http_req_failed", "rate") > 0.01


def test_without_the_data_set_no_load_is_sent(stack, tmp_path):
    run = Run(tmp_path, stack.base_url, "load", RATE="20", DURATION="1s", PRODUCTS="2000000000",
              POPULARITY="uniform")
    assert_aborted(run, "found no questions")
    assert run.value("http_req_duration{part:run}", "count") == 0


def assert_aborted(run, reason):
    """It says so, and why: once, and not with a line for each request."""
    assert run.status == ABORTED, run.output
    assert run.output.count(reason) == 1 and len(run.output.splitlines()) < 12, run.output
    assert ": ABORTED\n" in run.text and reason in run.text and "passed" not in run.output
    assert ">aborted<" in run.page and reason in run.page and ">passed<" not in run.page


@pytest.mark.parametrize("name", ["smoke", *SCRIPTS])
def test_a_service_that_cannot_be_reached_is_told_once(tmp_path, name):
    assert_aborted(Run(tmp_path, "http://127.0.0.1:1", name, **SCRIPTS.get(name, {})), "cannot reach http://127.0.0.1:1")


def test_what_is_not_the_service_is_told_by_its_status(stack, tmp_path):
    base_url = f"{stack.base_url}/elsewhere"
    assert_aborted(Run(tmp_path, base_url, "load", RATE="20"), f"{base_url}/qa/questions answered 404")


def test_a_run_that_is_interrupted_has_not_passed(stack, tmp_path):
    before = helpfulness(stack, "questions")

    def interrupt(process):
        wait_until(lambda: helpfulness(stack, "questions") > before)
        os.killpg(process.pid, signal.SIGINT)

    run = Run(tmp_path, stack.base_url, "load", interrupt, RATE="40", DURATION="100s")
    assert run.status not in (PASSED, MISSED), run.output
    assert ": ABORTED\n" in run.text and "Ended after" in run.text and "passed" not in run.text
    assert ">aborted<" in run.page


def test_a_service_that_goes_away_in_a_run_is_not_logged_for_each_request(tmp_path):
    with running(QA_SAMPLE_PRODUCTS="20") as stack:
        before = helpfulness(stack, "questions")

        def stop(_):
            wait_until(lambda: helpfulness(stack, "questions") > before)
            stack.stop()

        run = Run(tmp_path, stack.base_url, "load", stop, RATE="200", DURATION="10s",
                  PRODUCTS="20")
        stack.start()
    assert run.status == MISSED, run.output
    assert len(run.output.splitlines()) < 80, run.output
    assert ": FAILED\n" in run.text and "connection refused × " in run.text


# ---- Which k6 ----

@pytest.fixture
def fresh_checkout(tmp_path):
    """What is needed of a checkout in which no k6 was built; `make` as if all packages were there."""
    for name in ("Makefile", "k6", "scripts"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    scripts = tmp_path / "scripts"
    scripts.unlink()
    shutil.copytree(CHECKOUT / "scripts", scripts)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/install-packages.sh").symlink_to("/bin/true")
    return tmp_path


def make_have_k6(checkout, k6):
    """`make` where this is the only k6 in PATH, and where no Go module can be fetched."""
    folder = checkout / "bin"
    folder.mkdir()
    (folder / "k6").symlink_to(k6)
    others = [entry for entry in os.environ["PATH"].split(":") if not Path(entry, "k6").exists()]
    return subprocess.run(
        ["make", "--silent", "-C", checkout, "have-k6"], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=PATIENCE_S,
        env={**os.environ, "PATH": ":".join([str(folder), *others]), "GOPROXY": "off",
             "GOMODCACHE": str(checkout / "modules"), "GOFLAGS": "-modcacherw"})


def test_a_k6_in_path_that_is_new_enough_is_used_and_none_compiled(fresh_checkout):
    k6 = subprocess.run([CHECKOUT / "scripts/k6.sh", "--find"], check=True, text=True,
                        stdout=subprocess.PIPE).stdout.strip()
    result = make_have_k6(fresh_checkout, k6)
    assert result.returncode == 0 and result.stdout == ""
    assert not (fresh_checkout / "build/tools").exists()


@pytest.mark.parametrize("version", ["k6 v0.49.0 (go1.21.6, linux/amd64)", "k6 v1.7.9", "nonsense"])
def test_an_older_k6_is_not_used_and_compiling_is_announced_first(fresh_checkout, version):
    old = fresh_checkout / "old-k6"
    old.write_text(f"#!/bin/sh\necho '{version}'\n")
    old.chmod(0o755)
    result = make_have_k6(fresh_checkout, old)
    assert result.returncode != 0
    lines = result.stdout.splitlines()
    assert "these scripts need 1.8 or newer" in lines[0]
    assert lines[1].startswith("Compiling k6 ")
    assert any(line.startswith("Cannot build k6: ") for line in lines)


# ---- loader.io ----

def payload(*arguments):
    return subprocess.run([sys.executable, CHECKOUT / "scripts/loaderio-payload.py", *arguments],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S)


def test_the_payload_for_loaderio_has_rows_that_exist_and_belong_together(stack):
    result = payload(stack.base_url, "--rows", "20", "--products", "1000")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["version"] == 1
    [variables] = content["variables"]
    assert variables["names"] == ["product_id", "question_id", "answer_id"]
    assert len(variables["values"]) == 20
    assert len({product for product, _, _ in variables["values"]}) == 20
    api = Api(stack.base_url)
    for product_id, question_id, answer_id in variables["values"]:
        [question] = [question for question in api.questions(product_id, count=1000)
                      if question["question_id"] == question_id]
        assert str(answer_id) in question["answers"]


def test_a_service_that_is_away_makes_no_payload():
    result = payload("http://127.0.0.1:1")
    assert result.returncode != 0 and not result.stdout and "127.0.0.1:1" in result.stderr
