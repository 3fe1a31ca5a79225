"""Shoppers of the on-call game: a steady, small mix of reads and writes through NGINX."""

import json
import random
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException

from api import QUESTION

CLIENTS = 4
REQUESTS_A_SECOND = 25  # of each client, as long as the service is fast enough
POPULAR_PRODUCTS = 10
TIMEOUT_S = 10


class Traffic:
    """Goes on from `start` to `stop`. `voted` are the ids of the answers that get all votes; `seen` counts the
    statuses, where a broken connection is "broken"."""

    def __init__(self, stack, products):
        self.voted = [answer for answer, in stack.sql(
            "SELECT id FROM answers WHERE NOT reported ORDER BY id LIMIT 20")]
        self.seen = Counter()
        self._port = stack.port
        self._products = products
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _choose(self):
        """A method, a path and the fields of a body, or None."""
        popular = f"/qa/questions?product_id={random.randint(1, POPULAR_PRODUCTS)}"
        product = random.randint(1, self._products)
        [choice] = random.choices([
            ("GET", popular, None),
            ("GET", f"/qa/questions?product_id={product}", None),
            ("GET", f"/qa/questions/{product}/answers", None),
            ("PUT", f"/qa/answers/{random.choice(self.voted)}/helpful", None),
            ("POST", "/qa/questions", {**QUESTION, "product_id": product}),
        ], weights=[60, 20, 8, 10, 2])
        return choice

    def _run(self):
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        while not self._stopping.wait(1 / REQUESTS_A_SECOND):
            self.seen[_ask(connection, *self._choose())] += 1
        connection.close()


def _ask(connection, method, path, fields):
    body = json.dumps(fields) if fields else None
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if fields else {})
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, HTTPException):
        connection.close()
        time.sleep(0.1)
        return "broken"
