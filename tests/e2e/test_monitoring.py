"""deploy/monitoring/ fits the service: rules and dashboard name metrics that exist, and the runbook knows each alert.
What needs Prometheus is tested by `make test-monitoring`."""

import json
import re
from urllib.request import urlopen

import pytest
import yaml

import promql
from api import PATIENCE_S
from stack import CHECKOUT

MONITORING = CHECKOUT / "deploy/monitoring"
RUNBOOK = CHECKOUT / "docs/runbook.md"
OF_PROMETHEUS = {"up", "ALERTS"}
LABELS_OF_PROMETHEUS = {"job", "instance", "le", "alertname", "alertstate", "severity"}
SEVERITIES = {"page", "ticket"}


def rules():
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def dashboard():
    return json.loads((MONITORING / "dashboard.json").read_text())


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] not in ("row", "text")]


def as_asked(query):
    """A query of the dashboard, with Grafana's variables replaced as Grafana does it for "All"."""
    return query.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*")


def queries():
    """(where, query) of all rules, panels and choices of the dashboard."""
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], as_asked(target["expr"])
    for choice in dashboard()["templating"]["list"]:
        if choice["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", choice["query"]).groups()
            yield f"choice of {label}", as_asked(metric)


@pytest.fixture(scope="module")
def metrics(stack):
    """The labels of each metric that a running stack shows."""
    with urlopen(f"http://127.0.0.1:{stack.port + 1}/metrics", timeout=PATIENCE_S) as response:
        return promql.exposed(response.read().decode())


@pytest.mark.parametrize("where, query", queries(), ids=[where for where, _ in queries()])
def test_a_query_names_metrics_that_exist(metrics, where, query):
    named = promql.names(query)
    assert named, query
    assert named - OF_PROMETHEUS - RECORDED.keys() <= metrics.keys()
    known = set().union(LABELS_OF_PROMETHEUS, *(metrics.get(name, promql.labels(RECORDED.get(name, "")))
                                                for name in named))
    assert promql.labels(query) <= known


def test_the_queries_are_read_as_prometheus_reads_them():
    query = ('sum by (route, le) (rate(a_bucket{job="x", status=~"5..", note="b{c"}[5m])) / on (route) group_left '
             'ignoring_me_not offset 5m > bool 0.5 and vector(1) unless up == 0')
    assert promql.names(query) == {"a_bucket", "ignoring_me_not", "up"}
    assert promql.labels(query) == {"route", "le", "job", "status", "note"}
    assert promql.exposed('# TYPE h histogram\n# TYPE c counter\nc{a="x",b="y"} 1\ng 2\n') == {
        "h_bucket": set(), "h_sum": set(), "h_count": set(), "c": {"a", "b"}, "g": set()}


@pytest.mark.parametrize("alert", ALERTS, ids=[alert["alert"] for alert in ALERTS])
def test_an_alert_says_what_is_wrong_and_where_to_read_on(alert):
    assert alert["labels"]["severity"] in SEVERITIES
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_the_runbook_has_an_entry_for_each_alert_and_no_other():
    headings = re.findall(r"^### (AtelierQa\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert headings == [alert["alert"] for alert in ALERTS]


def test_an_entry_says_what_it_means_and_what_to_do():
    _, *entries = re.split(r"^### AtelierQa\w+\n", RUNBOOK.read_text(), flags=re.MULTILINE)
    for entry in entries:
        for word in ("**Means**", "**Look**", "**Do**"):
            assert word in entry, entry


def test_each_panel_says_what_it_shows():
    for panel in panels():
        assert panel["description"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    titles = [panel["title"] for panel in panels()]
    assert len(titles) == len(set(titles))


def test_no_panel_lies_over_another():
    taken = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
