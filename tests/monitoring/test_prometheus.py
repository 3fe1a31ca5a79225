"""deploy/monitoring/ in a real Prometheus that scrapes a real stack: `make test-monitoring`."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import namedtuple
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests/e2e"), str(CHECKOUT / "tests/tls")]

import conftest  # noqa: E402
from api import PATIENCE_S, QUESTION  # noqa: E402
from certificates import client, make_certificate  # noqa: E402
from stack import free_port, wait_until  # noqa: E402
from test_monitoring import MONITORING, as_asked, panels, rules  # noqa: E402

SCRAPE_S = 1
TESTS_OF_RULES = sorted((CHECKOUT / "tests/monitoring").glob("*.test.yml"))


Front = namedtuple("Front", "stack tls_port authority")


@pytest.fixture(scope="module")
def front():
    """A stack with TLS, as one panel shows when the certificate ends."""
    with tempfile.TemporaryDirectory(prefix="atelier-tls-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)  # the stack's user reads it
        make_certificate(folder)
        tls_port = free_port()
        with conftest.running(QA_SAMPLE_PRODUCTS="10", QA_TLS_PORT=str(tls_port), QA_TLS_KEY=str(folder / "key.pem"),
                              QA_TLS_CERTIFICATE=str(folder / "certificate.pem")) as stack:
            yield Front(stack, tls_port, folder / "authority.pem")


def use(front):
    """Some of everything that shoppers do."""
    api = client(front.tls_port, front.authority)
    for product in range(1, 11):
        api.get(f"/qa/questions?product_id={product}")
    question = api.post("/qa/questions", json={**QUESTION, "product_id": 1}).json()["question_id"]
    api.put(f"/qa/questions/{question}/helpful")
    api.get(f"/qa/questions/{question}/answers")


@contextlib.contextmanager
def shoppers(front):
    """They come again and again."""
    stopping = threading.Event()

    def run():
        while not stopping.wait(SCRAPE_S / 2):
            use(front)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@pytest.fixture(scope="module")
def prometheus(front, tmp_path_factory):
    """Asks a Prometheus of our own, which has scraped the stack a few times; returns the result."""
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    text = (MONITORING / "prometheus.yml").read_text()
    assert "127.0.0.1:8081" in text
    (folder / "prometheus.yml").write_text(
        text.replace("127.0.0.1:8081", f"127.0.0.1:{front.stack.port + 1}").replace("15s", f"{SCRAPE_S}s"))
    (folder / "alerts.yml").write_text((MONITORING / "alerts.yml").read_text())

    def ask(query):
        with urlopen(f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': query})}",
                     timeout=PATIENCE_S) as response:
            return json.load(response)["data"]["result"]

    def has_scraped():
        with contextlib.suppress(OSError):
            return ask("count_over_time(up[1m]) > 5")
        return False

    with shoppers(front), subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]) as process:
        try:
            wait_until(has_scraped)
            yield ask
        finally:
            process.terminate()


def promtool(*arguments, **options):
    result = subprocess.run(["promtool", *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            **options)
    print(result.stdout)
    return result


def test_promtool_accepts_configuration_and_rules():
    assert promtool("check", "config", MONITORING / "prometheus.yml").returncode == 0


@pytest.mark.parametrize("path", TESTS_OF_RULES, ids=lambda path: path.name)
def test_alerts_come_and_go_when_they_should(path):
    result = promtool("test", "rules", path)
    assert result.returncode == 0, result.stdout


def test_each_alert_has_a_test():
    tests = "".join(path.read_text() for path in TESTS_OF_RULES)
    for rule in rules():
        assert "alert" not in rule or f'alertname="{rule["alert"]}"' in tests


def test_promtool_finds_nothing_in_the_metrics(front):
    use(front)
    with urlopen(f"http://127.0.0.1:{front.stack.port + 1}/metrics", timeout=PATIENCE_S) as response:
        metrics = response.read().decode()
    result = promtool("check", "metrics", input=metrics)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_each_query_of_a_panel_has_a_result(prometheus, panel):
    for target in panel["targets"]:
        assert prometheus(as_asked(target["expr"])), target["expr"]


def test_a_service_that_is_well_has_no_alert(prometheus):
    time.sleep(2 * SCRAPE_S)
    assert prometheus("ALERTS") == []
