"""Load on the loopback: several clients that go on while a test breaks something."""

import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from api import PATIENCE_S, ask
from stack import wait_until


class Load:
    """Clients on keep-alive connections that repeat `requests`, a list of (method, target, body) or
    of functions that return one, while the `with` block runs. `outcomes` then holds a (method,
    target, status) for each, where a broken connection has the status "broken". With an SSLContext,
    by TLS to localhost."""

    def __init__(self, port, requests, clients=8, tls=None):
        self.outcomes = []
        self._port = port
        self._requests = requests
        self._tls = tls
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

    def wait_for(self, count, *statuses):
        """Until `count` more requests were answered, with these statuses where some are given."""
        def counted():
            return self.count(*statuses) if statuses else len(self.outcomes)

        goal = counted() + count
        wait_until(lambda: counted() >= goal)

    def count(self, *statuses):
        return sum(outcome[2] in statuses for outcome in self.outcomes)

    def others(self, *statuses):
        """The outcomes that are none of these."""
        return [outcome for outcome in self.outcomes if outcome[2] not in statuses]

    def _run(self, client):
        connection = (HTTPSConnection("localhost", self._port, timeout=PATIENCE_S, context=self._tls) if self._tls
                      else HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S))
        turn = client
        while not self._stopping.is_set():
            request = self._requests[turn % len(self._requests)]
            method, target, body = request() if callable(request) else request
            turn += 1
            try:
                status = ask(connection, method, target, body).status_code
            except (OSError, HTTPException):
                connection.close()
                status = "broken"
            self.outcomes.append((method, target, status))
        connection.close()
