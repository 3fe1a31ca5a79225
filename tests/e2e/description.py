"""docs/openapi.yaml as the tests read it."""

import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, RefResolver

FILE = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text())
RESOLVER = RefResolver("", DOCUMENT)


def resolved(node):
    """What a node says or refers to."""
    while "$ref" in node:
        node = RESOLVER.resolve(node["$ref"])[1]
    return node


def assert_fits(value, schema):
    Draft202012Validator(schema, resolver=RESOLVER).validate(value)


def examples_of(media_type):
    """The values of its one example or of several."""
    if "example" in media_type:
        return [media_type["example"]]
    return [resolved(example)["value"] for example in media_type.get("examples", {}).values()]


class Operation:
    def __init__(self, path, method, spec):
        self.path = path
        self.method = method.upper()
        self.name = spec["operationId"]
        self.responses = {int(status): resolved(response)
                          for status, response in spec["responses"].items()}
        self._parameters = [resolved(parameter) for parameter in spec.get("parameters", [])]
        body = resolved(spec.get("requestBody", {})).get("content", {}).get("application/json", {})
        self.body = examples_of(body)[0] if body else None
        self.fields = list(resolved(body["schema"])["properties"]) if body else []

    def parameters(self, place):
        """Their names."""
        return [parameter["name"] for parameter in self._parameters if parameter["in"] == place]

    def target(self, **values):
        """The path, with `values` in it, and those of the query string."""
        target = self.path.format(**values)
        query = [f"{name}={values[name]}" for name in self.parameters("query") if name in values]
        return target + "?" * bool(query) + "&".join(query)

    def assert_describes(self, answer):
        """The answer has a status, headers and a body that the operation promises."""
        assert answer.status_code in self.responses, (self.name, answer.status_code, answer.content)
        response = self.responses[answer.status_code]
        for name, header in response.get("headers", {}).items():
            self._assert_header(resolved(header), answer.headers.get(name))
        content = response.get("content", {})
        if self.method == "HEAD" or not content:
            assert answer.content == b"", (self.name, answer.content)
        else:
            media_type = answer.headers["Content-Type"].split(";")[0]
            read = {"text/plain": bytes.decode, "text/html": bytes.decode, "application/yaml": yaml.safe_load}
            value = read.get(media_type, json.loads)(answer.content)
            assert_fits(value, content[media_type]["schema"])

    def _assert_header(self, header, value):
        if value is None:
            assert not header.get("required"), (self.name, header)
        else:
            is_integer = header["schema"]["type"] == "integer"
            assert_fits(int(value) if is_integer else value, header["schema"])


OPERATIONS = [Operation(path, method, spec) for path, item in DOCUMENT["paths"].items()
              for method, spec in item.items()]


def all_examples():
    """Each example of a body, with its schema."""
    def walk(node):
        if isinstance(node, dict):
            if "schema" in node and ("example" in node or "examples" in node):
                yield from ((example, node["schema"]) for example in examples_of(node))
            for child in node.values():
                yield from walk(child)
        elif isinstance(node, list):
            for child in node:
                yield from walk(child)
    return list(walk({"paths": DOCUMENT["paths"], "components": DOCUMENT["components"]}))


def documented_problems():
    """The examples of problems, as (status, detail, field)."""
    problems = set()
    for operation in OPERATIONS:
        for response in operation.responses.values():
            media_type = response.get("content", {}).get("application/problem+json", {})
            problems |= {(example["status"], example["detail"], example.get("field"))
                         for example in examples_of(media_type)}
    return problems
