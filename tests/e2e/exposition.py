"""What the service shows at /metrics: a strict reader of Prometheus' text format."""

import contextlib
import re

from api import ask

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"\\]*",?)+)\})? (\d+(?:\.\d+)?)')
LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
ENDINGS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Metrics:
    """`values`: each number by its name and labels; `types`, `helps` and `labels`: of each metric."""

    def __init__(self, text):
        self.values, self.types, self.helps, self.labels = {}, {}, {}, {}
        current = None
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, current, meaning = line.split(" ", 3)
                assert current not in self.helps, f"{current} comes twice"
                self.helps[current], self.labels[current] = meaning, set()
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == current and name not in self.types and kind in ENDINGS
                self.types[name] = kind
            else:
                self._add(current, line)
        assert self.types.keys() == self.helps.keys()
        for name, kind in self.types.items():
            if kind == "histogram":
                self._check_histogram(name)

    def _add(self, metric, line):
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels = match[1], LABEL.findall(match[2] or "")
        assert name in {metric + ending for ending in ENDINGS[self.types[metric]]}, line
        assert len(dict(labels)) == len(labels), line
        key = name, frozenset(labels)
        assert key not in self.values, f"{line} comes twice"
        self.values[key] = float(match[3]) if "." in match[3] else int(match[3])
        self.labels[metric].add(tuple(label for label, _ in labels if label != "le"))

    def _check_histogram(self, name):
        for labels in {labels for given, labels in self.values if given == f"{name}_count"}:
            buckets = [(float(dict(labels_of_bucket)["le"]), value)
                       for (given, labels_of_bucket), value in self.values.items()
                       if given == f"{name}_bucket" and labels < labels_of_bucket]
            counts = [count for _, count in sorted(buckets)]
            assert len(counts) == 15 and counts == sorted(counts)
            assert counts[-1] == self.values[f"{name}_count", labels]
            assert (f"{name}_sum", labels) in self.values

    def value(self, name, **labels):
        """0 where it has counted nothing."""
        return self.values.get((name, frozenset(labels.items())), 0)

    def total(self, name, **labels):
        """Of all series that have these labels, and perhaps more."""
        return sum(value for (given, all_labels), value in self.values.items()
                   if given == name and labels.items() <= all_labels)

    def since(self, before, name):
        """By how much the series of a name have risen, each by the values of its labels, sorted by their names; None:
        since all were zero."""
        risen = {tuple(value for _, value in sorted(labels)):
                 value - (before.values.get((given, labels), 0) if before else 0)
                 for (given, labels), value in self.values.items() if given == name}
        assert all(value >= 0 for value in risen.values())
        return {labels: value for labels, value in risen.items() if value}


def scrape(connection):
    """What an admin process shows, on a connection that is closed then."""
    with contextlib.closing(connection):
        response = ask(connection, "GET", "/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(response.content.decode())
