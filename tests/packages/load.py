#!/usr/bin/python3
"""Reads, votes and questions on the loopback, until standard input ends. Prints as JSON how many requests there
were, how many votes were acknowledged, and each outcome that no client should see.
    load.py PORT PRODUCTS

A client keeps its connection for reads, as browsers do: it sees whether the server has closed it, and sends a read
once more when that came just then (RFC 9110, 9.2.2). A write has a connection of its own and is never repeated."""

import collections
import json
import select
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException

CLIENTS = 8
PATIENCE_S = 60
RIGHT = {"GET": 200, "PUT": 204, "POST": 201}
QUESTION = {"body": "Does it shrink?", "name": "will", "email": "someone@mail.example"}


def requests(products):
    """Mostly reads, as shoppers have it."""
    mix = []
    for product in range(1, products + 1):
        mix += [("GET", f"/qa/questions?product_id={product}", None)] * 6
        mix += [("GET", f"/qa/questions/{product}/answers", None)] * 2
        mix += [("PUT", f"/qa/questions/{product}/helpful", None)]
        if product % 20 == 0:
            mix += [("POST", "/qa/questions", json.dumps({**QUESTION, "product_id": product}))]
    return mix


class Client:
    def __init__(self, port, mix, turn):
        self.port, self.mix, self.turn = port, mix, turn
        self.outcomes = collections.Counter()
        self.kept = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(self, connection, method, target, body):
        connection.request(method, target, body)
        response = connection.getresponse()
        response.read()
        return response.status

    def read(self, target):
        if self.kept.sock and select.select([self.kept.sock], [], [], 0)[0]:
            self.kept.close()
        is_used = self.kept.sock is not None
        try:
            return self.ask(self.kept, "GET", target, None)
        except (ConnectionError, HTTPException):
            self.kept.close()
            if not is_used:
                raise
            return self.ask(self.kept, "GET", target, None)

    def write(self, method, target, body):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            return self.ask(connection, method, target, body)
        finally:
            connection.close()

    def run(self, stopping):
        while not stopping.is_set():
            method, target, body = self.mix[self.turn % len(self.mix)]
            self.turn += 1
            try:
                status = self.read(target) if method == "GET" else self.write(method, target, body)
            except (OSError, HTTPException) as error:
                self.kept.close()
                status = type(error).__name__
            self.outcomes[method, status] += 1


def main(port, products):
    began = time.monotonic()
    mix = requests(products)
    stopping = threading.Event()
    clients = [Client(port, mix, turn * len(mix) // CLIENTS) for turn in range(CLIENTS)]
    threads = [threading.Thread(target=client.run, args=[stopping]) for client in clients]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopping.set()
    for thread in threads:
        thread.join()
    outcomes = sum((client.outcomes for client in clients), collections.Counter())
    wrong = {f"{method} {status}": count for (method, status), count in outcomes.items() if status != RIGHT[method]}
    print(json.dumps({"requests": outcomes.total(), "seconds": round(time.monotonic() - began, 1),
                      "failed": sum(wrong.values()), "votes": outcomes["PUT", RIGHT["PUT"]], "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
