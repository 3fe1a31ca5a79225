#!/usr/bin/env python3
"""Prints a payload file for loader.io: rows of a product, a question and an answer that belong
together and exist in the service at BASE_URL. docs/load-testing.md says how to use it."""

import argparse
import json
import random
import sys
import urllib.error
import urllib.request

NAMES = ["product_id", "question_id", "answer_id"]
TRIES_PER_ROW = 20


def page(base_url, product_id):
    url = f"{base_url}/qa/questions?product_id={product_id}&count=100"
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)["results"]


def rows_of(base_url, product_id):
    return [[product_id, question["question_id"], int(answer_id)]
            for question in page(base_url, product_id) for answer_id in question["answers"]]


def collect(base_url, products, wanted):
    """One row each of randomly chosen products, or fewer where fewer have answers."""
    rows = []
    tried = random.sample(range(1, products + 1), min(products, TRIES_PER_ROW * wanted))
    for product_id in tried:
        found = rows_of(base_url, product_id)
        if found:
            rows.append(random.choice(found))
        if len(rows) == wanted:
            break
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_url", nargs="?", default="http://localhost:8080")
    parser.add_argument("--products", type=int, default=1000, help="ids go from 1 to this; 1000")
    parser.add_argument("--rows", type=int, default=1000, help="how many at most; 1000")
    options = parser.parse_args()
    try:
        rows = collect(options.base_url.rstrip("/"), options.products, options.rows)
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"{options.base_url}: {error}")
    if not rows:
        sys.exit(f"None of the products 1 to {options.products} has a question with an answer.")
    json.dump({"version": 1, "variables": [{"names": NAMES, "values": rows}]}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
