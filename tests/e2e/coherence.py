"""The checker of promise 2: no GET shows the state before a write that was acknowledged before the
GET began, whoever wrote it, and whether NGINX answers or which worker. Its clients are a program,
`tests/soak/`; this starts them, and compares what all pages show in the end with the database."""

import contextlib
import itertools
import json
import subprocess
import tempfile
from types import SimpleNamespace

from stack import CHECKOUT, wait_until
from wire import Client, request, worker_sockets

PROGRAM = "build/tools/soak"

_first_products = itertools.count(100_000_000, 1_000_000)


class Checker:
    """`with Checker(stack) as checker:` has the clients at work while the block runs; `findings` is
    there after it: what the program counted, by the names of tests/soak/main.c. `faults`: requests
    may fail while the block breaks something. `sockets` are of workers of further services, `port` that of
    another NGINX. `options` are the program's."""

    def __init__(self, stack, faults=False, sockets=(), port=None, **options):
        self.addresses = [port or stack.port, *worker_sockets(stack), *sockets]
        options["first_product"] = next(_first_products)
        self._command = [CHECKOUT / PROGRAM, *(["--faults"] if faults else []),
                         *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()),
                         *map(str, self.addresses)]

    def __enter__(self):
        subprocess.run(["make", "--silent", PROGRAM], cwd=CHECKOUT, check=True)
        self._told = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, text=True, bufsize=1,
                                         stdout=subprocess.PIPE, stderr=self._told)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):  # it has ended by itself
            self._process.stdin.close()
        self._read_all()
        self._process.wait()
        self._told.seek(0)
        self.findings.told = self._told.read()
        self._told.close()

    def counts(self):
        """What was counted so far."""
        try:
            self._process.stdin.write("\n")
        except BrokenPipeError:  # it has ended by itself
            return self._read_all()
        return self._read(self._process.stdout.readline())

    def _read_all(self):
        for line in self._process.stdout:
            self._read(line)
        return self.findings

    def _read(self, line):
        if line:
            self.findings = SimpleNamespace(**json.loads(line))
        return self.findings

    def go_on(self, **more):
        """Until `acknowledged`, `reads` or another count has grown by so much, or something is found."""
        began = self.counts()

        def has_gone_on():
            counts = self.counts()
            return (counts.stale or counts.wrong
                    or all(getattr(counts, name) - getattr(began, name) >= count
                           for name, count in more.items()))

        wait_until(has_gone_on)

    def compare_with(self, stack):
        """After the clients have ended: what is wrong with the pages as NGINX and each worker show them,
        which must be the database's, and with that, which must have what was acknowledged."""
        clients = [Client(address) for address in self.addresses]
        return [fault for place in self.findings.places
                for fault in (*_lost_votes(stack, place), *_other_pages(stack, clients, place))]


def _lost_votes(stack, place):
    for kind in ("question", "answer"):
        if kind in place:
            [[votes]] = stack.sql(f"SELECT helpful FROM {kind}s WHERE id = %s", place[kind]["id"])
            if not place[kind]["acknowledged"] <= votes <= place[kind]["sent"]:
                yield f"{votes} votes of {place[kind]}"


def _other_pages(stack, clients, place):
    questions = dict(stack.sql("SELECT id, helpful FROM questions WHERE product_id = %s"
                               " AND NOT reported", place["product"]))
    answers = dict(stack.sql("SELECT answers.id, answers.helpful FROM answers"
                             " JOIN questions ON question_id = questions.id WHERE product_id = %s"
                             " AND NOT answers.reported AND NOT questions.reported",
                             place["product"]))
    sent = request("GET", f"/qa/questions?product_id={place['product']}&count=49")
    for client in clients:
        results = client.ask(sent).json()["results"]
        if ({question["question_id"]: question["question_helpfulness"] for question in results},
                {answer["id"]: answer["helpfulness"] for question in results
                 for answer in question["answers"].values()}) != (questions, answers):
            yield f"the questions of product {place['product']} are not what the database has"
    if "question" not in place:
        return
    question = place["question"]["id"]
    answers = dict(stack.sql("SELECT id, helpful FROM answers WHERE question_id = %s"
                             " AND NOT reported", question))
    sent = request("GET", f"/qa/questions/{question}/answers?count=49")
    for client in clients:
        results = client.ask(sent).json()["results"]
        if {answer["answer_id"]: answer["helpfulness"] for answer in results} != answers:
            yield f"the answers of question {question} are not what the database has"
