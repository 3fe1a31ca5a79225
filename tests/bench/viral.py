"""One product with very many questions, one question with very many answers, and clients that write to
it without pause: what its pages take meanwhile, and what other products' pages do."""

import json
import random
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from constant_rate import percentiles_ms

MEMBERS = 200_000
WRITERS = 4
FIRST, HUNDREDTH, OTHER = PAGES = ("first", "hundredth", "other")
TIMEOUT_S = 10
CUSTOMER = {"name": "bench", "email": "bench@example.com"}


class Group:
    """What a kind's group is called in the API and in the database."""

    def __init__(self, stack, kind):
        self.kind = kind
        if kind == "questions":
            self.parent = stack.rows["products"] + 1
            self.list = f"/qa/questions?product_id={self.parent}"
            self.post = "/qa/questions", {"product_id": self.parent, "body": "Does it shrink?", **CUSTOMER}
            column, names = "product_id", "asker_name, asker_email"
        else:
            self.parent = int(stack.sql(
                "INSERT INTO questions (product_id, body, asker_name)"
                f" VALUES ({stack.rows['products'] + 2}, 'Does it shrink?', 'bench') RETURNING id"))
            self.list = f"/qa/questions/{self.parent}/answers?"
            self.post = (f"/qa/questions/{self.parent}/answers",
                         {"body": "Not mine.", "photos": [], **CUSTOMER})
            column, names = "question_id", "answerer_name, answerer_email"
        self.first_id, self.last_id = map(int, stack.sql(
            f"WITH added AS (INSERT INTO {kind} ({column}, body, {names}, helpful)"
            f" SELECT {self.parent}, 'Take your size.', 'bench', 'bench@example.com', number * 7919 % 30"
            f" FROM generate_series(1, {MEMBERS}) AS number RETURNING id)"
            " SELECT min(id), max(id) FROM added").split("|"))
        stack.sql(f"VACUUM ANALYZE {kind}")

    def writes(self):
        """Votes for one of the group and new ones, by turns, without end."""
        source = random.Random()
        path, fields = self.post
        while True:
            yield "PUT", f"/qa/{self.kind}/{source.randint(self.first_id, self.last_id)}/helpful", None
            yield "POST", path, json.dumps(fields)

    def reads(self, page, products):
        source = random.Random()
        while True:
            if page == OTHER:
                yield "GET", f"/qa/questions?product_id={source.randint(1, products)}", None
            else:
                yield "GET", f"{self.list}&page={1 if page == FIRST else 100}", None


def repeat(address, requests, done, seconds_taken, failures):
    """One client: a request after the other until `done`."""
    while not done.is_set():
        with closing(HTTPConnection(*address, timeout=TIMEOUT_S)) as connection:
            try:
                while not done.is_set():
                    began = time.monotonic()
                    method, path, body = next(requests)
                    headers = {"Content-Type": "application/json"} if body else {}
                    connection.request(method, path, body, headers)
                    response = connection.getresponse()
                    response.read()
                    seconds_taken.append(time.monotonic() - began)
                    if response.status >= 400:
                        failures.append(str(response.status))
            except (OSError, HTTPException):
                failures.append("no answer")


def run_group(group, stack, seconds):
    """Seconds that each page took, by kind of page, how many writes there were, and the failures."""
    url = urlsplit(stack.base_url)
    done, failures, writes = threading.Event(), [], []
    taken = {page: [] for page in PAGES}
    clients = [(group.writes(), writes) for _ in range(WRITERS)]
    clients += [(group.reads(page, stack.rows["products"]), taken[page]) for page in PAGES]
    threads = [threading.Thread(target=repeat, args=((url.hostname, url.port), requests, done, seconds_taken,
                                                     failures))
               for requests, seconds_taken in clients]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    done.set()
    for thread in threads:
        thread.join()
    return taken, len(writes), failures


def run_viral(stack, seconds):
    """A run for each kind of group; the percentiles are of the first pages of both together."""
    taken = {page: [] for page in PAGES}
    writes, failures = 0, []
    try:
        for kind in ("questions", "answers"):
            group_taken, group_writes, group_failures = run_group(Group(stack, kind), stack, seconds / 2)
            for page in PAGES:
                taken[page] += group_taken[page]
            writes += group_writes
            failures += group_failures
    finally:
        stack.remove_added_rows()
    percentiles = {page: percentiles_ms(taken[page]) for page in PAGES}
    return {
        "rate": len(taken[FIRST]) / seconds,
        "percentiles_ms": percentiles[FIRST],
        "percentiles_ms_by_page": percentiles,
        "writes": writes / seconds,
        "failed": len(failures),
        "failures": {failure: failures.count(failure) for failure in set(failures)}}
