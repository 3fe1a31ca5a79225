"""As much of PromQL as tells which metrics and labels a query names. promtool checks the rest."""

import re

WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right",
         "inf", "nan", "start", "end", "atan2"}
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
MATCHERS = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
RANGE = re.compile(r"\[[^\]]*\]")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
DURATION = re.compile(r"\b\d+(?:ms|[smhdwy])\b")


def names(query):
    """The metrics of a query."""
    text = GROUPING.sub(" ", RANGE.sub(" ", STRING.sub('""', query)))
    text = DURATION.sub(" ", re.sub(r"\{[^}]*\}", " ", text))
    return {match.group() for match in NAME.finditer(text)
            if match.group().lower() not in WORDS
            and not text[match.end():].lstrip().startswith("(")}


def labels(query):
    """The labels of a query, wherever it names them."""
    text = RANGE.sub(" ", STRING.sub('""', query))
    found = {name for _, matchers in MATCHERS.findall(text) for name in re.findall(r"(\w+)\s*(?:=|!)", matchers)}
    for group in GROUPING.findall(text):
        found.update(NAME.findall(group))
    return found


SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


def exposed(text):
    """What a page in Prometheus' text format has: the labels of each name. A family that has a type and no value
    yet is there without labels."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            for suffix in SUFFIXES.get(kind, ("",)):
                found.setdefault(name + suffix, set())
        elif line and not line.startswith("#"):
            name, pairs = SERIES.fullmatch(line).groups()
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', pairs or ""))
    return found
