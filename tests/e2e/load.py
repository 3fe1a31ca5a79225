"""Load on the loopback: several clients that go on while a test breaks something."""

import threading
import time
from http.client import HTTPConnection, HTTPException

from api import ask


class Load:
    """Clients on keep-alive connections that repeat `requests`, a list of (method, target, body),
    while the `with` block runs; at most for `limit_s`. `outcomes` then holds a
    (method, target, status) for each, where a broken connection has the status "broken"."""

    def __init__(self, port, requests, clients=8, limit_s=60):
        self.outcomes = []
        self._port = port
        self._requests = requests
        self._end = time.monotonic() + limit_s
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[i]) for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count):
        """Until `count` more requests were answered."""
        goal = len(self.outcomes) + count
        while len(self.outcomes) < goal:
            assert time.monotonic() < self._end, "the load came to a stop"
            time.sleep(0.01)

    def count(self, *statuses):
        return sum(outcome[2] in statuses for outcome in self.outcomes)

    def others(self, *statuses):
        """The outcomes that are none of these."""
        return [outcome for outcome in self.outcomes if outcome[2] not in statuses]

    def _run(self, client):
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        turn = client
        while not self._stopping.is_set() and time.monotonic() < self._end:
            method, target, body = self._requests[turn % len(self._requests)]
            turn += 1
            try:
                status = ask(connection, method, target, body).status_code
            except (OSError, HTTPException):
                connection.close()
                status = "broken"
            self.outcomes.append((method, target, status))
        connection.close()
