#!/usr/bin/env python3
"""Copies the strict schemas of the Python package kubernetes-validate to where kubeconform takes them:
prepare_schemas.py PACKAGE FOLDER VERSION...

The package's schemas name each other by addresses on the web. The copies name the file beside them."""

import json
import sys
from pathlib import Path


def relative(schema):
    """The schema with references to files beside it."""
    if isinstance(schema, dict):
        return {key: relative(value) for key, value in schema.items() if key != "$id"}
    if isinstance(schema, list):
        return [relative(element) for element in schema]
    prefix = "/api/_definitions.json#"
    return schema.replace(prefix, "_definitions.json#") if str(schema).startswith(prefix) else schema


def main(package, folder, *versions):
    for version in versions:
        target = Path(folder) / f"v{version}"
        target.mkdir(parents=True, exist_ok=True)
        for path in Path(package, "kubernetes-json-schema", f"v{version}-local-strict").glob("*.json"):
            (target / path.name).write_text(json.dumps(relative(json.loads(path.read_text()))))


main(*sys.argv[1:])
