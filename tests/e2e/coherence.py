"""The checker of promise 2: no GET shows the state before a write that was acknowledged before the
GET began, whoever wrote it, whichever worker answers.

Writers and readers are processes. A writer notes in shared memory what it sends and what is
acknowledged. Every client, before each GET, takes down what all writers have had acknowledged by
then, and compares it with what the page shows. All of them read the same few pages, which so are
in the caches, or on their way into them, when a write makes them invalid.
"""

import multiprocessing
import random
import time
import traceback
from dataclasses import dataclass, field

import seed
from api import ANSWER, PATIENCE_S, QUESTION, new_product
from stack import wait_until
from wire import Client, request, worker_sockets

PRODUCTS = 2  # each has one question that all answer and vote on, and one answer that all vote on
CAPACITY = 20_000  # new items of a writer
QUESTION_KIND, ANSWER_KIND = range(2)
ADDED, REPORTING, REPORTED = range(3)

fork = multiprocessing.get_context("fork")


@dataclass
class Product:
    """A product whose pages all clients look at."""
    number: int
    question: int
    answer: int

    def __post_init__(self):
        targets = {"questions": f"/qa/questions?product_id={self.number}&count=49",
                   "answers": f"/qa/questions/{self.question}/answers?count=49"}
        self.pages = {page: request("GET", target) for page, target in targets.items()}


def make_products(stack):
    products = []
    for _ in range(PRODUCTS):
        number = new_product()
        question, *others = seed.questions(stack, number, [0] * 8)
        for other in others:
            seed.many_answers(stack, other, 8)
        products.append(Product(number, question, seed.answers(stack, question, [0])[0]))
    return products


class Ledger:
    """What one writer has sent and what it has had acknowledged. It alone writes it, everybody
    reads it: single words, each written before `count` tells of it."""

    def __init__(self):
        self.question_votes, self.question_votes_sent, self.answer_votes, self.answer_votes_sent = (
            fork.RawArray("q", PRODUCTS) for _ in range(4))
        self.count = fork.RawValue("q")  # of new items; for each:
        self.ids, self.kinds, self.places, self.phases, self.votes, self.votes_sent = (
            fork.RawArray("q", CAPACITY) for _ in range(6))
        self.acknowledged = fork.RawValue("q")

    def add(self, kind, place, identifier):
        index = self.count.value
        self.ids[index], self.kinds[index], self.places[index] = identifier, kind, place
        self.count.value = index + 1
        return index


@dataclass
class Findings:
    acknowledged: int = 0
    reads: int = 0
    ambiguous: int = 0  # writes that may have been applied
    refused: int = 0  # writes that were not
    unanswered: int = 0  # reads
    stale: list = field(default_factory=list)
    wrong: list = field(default_factory=list)  # what else breaks a promise

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Reader:
    def __init__(self, checker, seed_number):
        self.random = random.Random(seed_number)
        self.products = checker.products
        self.ledgers = checker.ledgers
        self.faults = checker.faults
        self.clients = [Client(address) for address in checker.addresses]
        self.firsts = [0] * len(self.ledgers)  # before these all new items are reported
        self.gone = {QUESTION_KIND: set(), ANSWER_KIND: set()}
        self.findings = Findings()

    def turn(self):
        self.look(self.random.randrange(PRODUCTS), self.random.choice(["questions", "answers"]))

    def client(self):
        """To NGINX half of the time, else to a worker itself."""
        return self.clients[0] if self.random.random() < 0.5 else self.random.choice(self.clients)

    def look(self, place, page):
        product = self.products[place]
        acknowledged = self.take_down(place, page)
        client = self.client()
        try:
            reply = client.ask(product.pages[page])
        except OSError:
            reply = None
        if reply is None or reply.status != 200:
            self.findings.unanswered += 1
            time.sleep(0.005)
            if not self.faults or (reply and reply.status not in (502, 503, 504)):
                self.findings.wrong.append(f"a read was answered {reply and reply.status}")
            return
        self.findings.reads += 1
        questions, answers = self.shown(product, page, reply.json()["results"])
        self.compare(place, questions, answers, *acknowledged)

    def take_down(self, place, page):
        """What the page must show: (votes for the question, for the answer, new items)."""
        items = []
        for number, ledger in enumerate(self.ledgers):
            end = ledger.count.value
            while self.firsts[number] < end and ledger.phases[self.firsts[number]] == REPORTED:
                first = self.firsts[number]
                self.gone[ledger.kinds[first]].add(ledger.ids[first])
                self.firsts[number] += 1
            for index in range(self.firsts[number], end):
                if ledger.places[index] == place and (page == "questions"
                                                      or ledger.kinds[index] == ANSWER_KIND):
                    items.append((ledger, index, ledger.phases[index], ledger.votes[index]))
        return (sum(ledger.question_votes[place] for ledger in self.ledgers),
                sum(ledger.answer_votes[place] for ledger in self.ledgers), items)

    @staticmethod
    def shown(product, page, results):
        """The helpfulness of all questions that a page shows, and of the answers to the one."""
        if page == "answers":
            return None, {answer["answer_id"]: answer["helpfulness"] for answer in results}
        questions = {question["question_id"]: question["question_helpfulness"]
                     for question in results}
        [answers] = (question["answers"] for question in results
                     if question["question_id"] == product.question)
        return questions, {answer["id"]: answer["helpfulness"] for answer in answers.values()}

    def compare(self, place, questions, answers, question_votes, answer_votes, items):
        product = self.products[place]
        if questions is not None:
            self.compare_votes(questions[product.question], question_votes,
                               sum(ledger.question_votes_sent[place] for ledger in self.ledgers))
            self.expect(not self.gone[QUESTION_KIND] & questions.keys(),
                        "a reported question shows")
        self.compare_votes(answers[product.answer], answer_votes,
                           sum(ledger.answer_votes_sent[place] for ledger in self.ledgers))
        self.expect(not self.gone[ANSWER_KIND] & answers.keys(), "a reported answer shows")
        for ledger, index, phase, votes in items:
            shown = (answers, questions)[ledger.kinds[index] == QUESTION_KIND]
            helpfulness = shown.get(ledger.ids[index])
            if phase == REPORTED:
                self.expect(helpfulness is None, "a reported item shows")
            elif helpfulness is not None:
                self.compare_votes(helpfulness, votes, ledger.votes_sent[index])
            else:
                self.expect(ledger.phases[index] != ADDED, "a new item is missing")

    def compare_votes(self, shown, acknowledged, sent):
        self.expect(shown >= acknowledged, f"{shown} votes show of {acknowledged} acknowledged")
        if shown > sent:
            self.findings.wrong.append(f"{shown} votes show of {sent} sent")

    def expect(self, fresh, what):
        if not fresh:
            self.findings.stale.append(what)


class Writer(Reader):
    """Reads back after each write, whoever's facts the page shows."""

    def __init__(self, checker, number):
        super().__init__(checker, number)
        self.ledger = self.ledgers[number]

    def turn(self):
        place = self.random.randrange(PRODUCTS)
        product, ledger = self.products[place], self.ledger
        self.vote(product.question, "questions", ledger.question_votes,
                  ledger.question_votes_sent, place)
        self.look(place, "questions")
        self.vote(product.answer, "answers", ledger.answer_votes, ledger.answer_votes_sent, place)
        self.look(place, self.random.choice(["questions", "answers"]))
        question = self.post(QUESTION_KIND, place, "/qa/questions",
                             {**QUESTION, "product_id": product.number})
        self.look(place, "questions")
        answer = self.post(ANSWER_KIND, place, f"/qa/questions/{product.question}/answers", ANSWER)
        self.look(place, "answers")
        self.look(place, "questions")
        for item in (question, answer):
            self.vote_new(item)
            self.look(place, "questions")
        for item in (answer, question):
            self.report(item)
            self.look(place, "questions")
        self.look(place, "answers")

    def vote(self, identifier, kind, votes, votes_sent, index):
        votes_sent[index] += 1
        sent = request("PUT", f"/qa/{kind}/{identifier}/helpful")
        if self.faults and self.random.random() < 0.05:
            self.cut(sent)
        elif (outcome := self.write(sent, 204)) == "acknowledged":
            votes[index] += 1
        elif outcome == "refused":
            votes_sent[index] -= 1

    def vote_new(self, index):
        if index is not None:
            ledger = self.ledger
            self.vote(ledger.ids[index], ("questions", "answers")[ledger.kinds[index]],
                      ledger.votes, ledger.votes_sent, index)

    def post(self, kind, place, target, fields):
        """The index of the new item; None where it is not known to exist."""
        if self.write(request("POST", target, fields), 201) != "acknowledged":
            return None
        return self.ledger.add(kind, place, self.reply.json()[("question_id", "answer_id")[kind]])

    def report(self, index):
        if index is None:
            return
        ledger = self.ledger
        ledger.phases[index] = REPORTING
        kind = ("questions", "answers")[ledger.kinds[index]]
        outcome = self.write(request("PUT", f"/qa/{kind}/{ledger.ids[index]}/report"), 204)
        if outcome == "acknowledged":
            ledger.phases[index] = REPORTED

    def write(self, sent, expected):
        try:
            self.reply = self.client().ask(sent)
            status = self.reply.status
        except OSError:
            status = 504
        if status == expected:
            self.ledger.acknowledged.value += 1
            self.findings.acknowledged += 1
            return "acknowledged"
        if not self.faults or status not in (502, 503, 504):
            self.findings.wrong.append(f"a write was answered {status}: {sent[:60]}")
        if status == 504:
            self.findings.ambiguous += 1
            return "ambiguous"
        self.findings.refused += 1
        time.sleep(0.005)
        return "refused"

    def cut(self, sent):
        """Goes away without waiting for the reply."""
        client = self.client()
        try:
            client.send(sent)
        except OSError:
            pass
        client.close()
        self.findings.ambiguous += 1


class Checker:
    """`with Checker(stack) as checker:` has the clients at work while the block runs; `findings` is
    there after it. `faults`: requests may fail while the block breaks something."""

    def __init__(self, stack, writers=6, readers=3, faults=False):
        self.faults = faults
        self.addresses = [stack.port, *worker_sockets(stack)]
        self.products = make_products(stack)
        self.ledgers = [Ledger() for _ in range(writers)]
        self.findings = Findings()
        self._stopping = fork.RawValue("b")
        self._stale = fork.RawValue("q")
        self._results = fork.Queue()
        self._processes = [
            fork.Process(target=self._run, args=[Writer if number < writers else Reader, number],
                         daemon=True)
            for number in range(writers + readers)]

    def __enter__(self):
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_):
        self._stopping.value = 1
        for _ in self._processes:
            self.findings.add(self._results.get(timeout=2 * PATIENCE_S))
        for process in self._processes:
            process.join()

    def acknowledged(self):
        return sum(ledger.acknowledged.value for ledger in self.ledgers)

    def go_on(self, acknowledged):
        """Until so many more writes are acknowledged, or a read was stale."""
        goal = self.acknowledged() + acknowledged
        wait_until(lambda: self.acknowledged() >= goal or self._stale.value)

    def compare_with(self, stack):
        """After the clients have ended: every page of every worker shows what the database has, and
        the database has what was acknowledged."""
        reader = Reader(self, 0)
        for place, product in enumerate(self.products):
            questions = dict(stack.sql("SELECT id, helpful FROM questions WHERE product_id = %s"
                                       " AND NOT reported", product.number))
            answers = dict(stack.sql("SELECT id, helpful FROM answers WHERE question_id = %s"
                                     " AND NOT reported", product.question))
            for page in product.pages:
                acknowledged = reader.take_down(place, page)
                reader.compare(place, questions, answers, *acknowledged)
                for client in reader.clients:
                    shown = reader.shown(product, page,
                                         client.ask(product.pages[page]).json()["results"])
                    reader.expect(shown[0] in (None, questions) and shown[1] == answers,
                                  f"the page of {page} is not what the database has")
        return reader.findings

    def _run(self, role, number):
        client = role(self, number)
        try:
            while not self._stopping.value:
                client.turn()
                if client.findings.stale:
                    self._stale.value = 1
        except BaseException:
            client.findings.wrong.append(traceback.format_exc())
        self._results.put(client.findings)
