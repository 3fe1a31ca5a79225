"""What goes on while a test breaks something: writes and reads at a constant rate (tests/bench/constant_rate.c), each
with its record, and the checker of "read your writes" (tests/soak/). The ledger of the writes says in the end what
the database must have, and what it must not have."""

import itertools
import struct
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from coherence import Checker
from stack import CHECKOUT
from wire import Client, request

GENERATOR = "build/tools/constant_rate"
WRITES_A_SECOND, READS_A_SECOND = 500, 200
CONNECTIONS = 6000  # of each generator: more than wait in the longest time without a primary
QUESTIONS, ANSWERS_OF_EACH = 10, 10
PRODUCTS_READ = 500
POST_EVERY = 5  # of the writes each so-manieth is a new question, the others are votes
HEADER, RECORD = struct.Struct("=qq"), struct.Struct("=qqqii")
NOT_SENT = -1
# What the API's contract says of a write with this status. All others, and none, mean that it may have been applied.
ACKNOWLEDGED = {201, 204}
REFUSED = {429, 502, 503}
_products = itertools.count(200_000_000)


class Generator:
    """Sends requests to the front of the cluster, for so long."""

    def __init__(self, folder, name, port, requests, rate, seconds):
        self._results = folder / f"{name}.results"
        targets = folder / f"{name}.requests"
        with targets.open("wb") as file:
            for sent in itertools.islice(requests, int(rate * seconds)):
                file.write(b"%d 0\n%b" % (len(sent), sent))
        self._process = subprocess.Popen(
            [CHECKOUT / GENERATOR, str(port), str(rate), str(seconds), str(CONNECTIONS), targets, self._results],
            stdin=subprocess.DEVNULL)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def records(self):
        """When it has ended: of each request the status, and when its response was there, in seconds."""
        assert self._process.wait(300) == 0
        data = self._results.read_bytes()
        return [(status, done / 1e9) for _, _, done, status, _ in RECORD.iter_unpack(data[HEADER.size:])]


class Traffic:
    """`with Traffic(cluster, seconds) as traffic:` the block breaks things meanwhile. Then the cluster is made whole,
    and `traffic.figures` is there."""

    def __init__(self, cluster, seconds):
        self._cluster, self._seconds = cluster, seconds
        self._product = next(_products)
        self._answers = []

    def __enter__(self):
        subprocess.run(["make", "--silent", GENERATOR], cwd=CHECKOUT, check=True)
        self._make_answers()
        self._hits = self._cluster.hits()
        self._folder = tempfile.TemporaryDirectory()
        self._checker = Checker(self._cluster, faults=True, connections=10, places=8, rest_ms=25, reads_per_write=8,
                                sockets=self._cluster.other_sockets())
        self._checker.__enter__()
        self._writes = self._generate("writes", self._requests_to_write(), WRITES_A_SECOND)
        self._reads = self._generate("reads", self._requests_to_read(), READS_A_SECOND)
        self._began = time.monotonic()
        return self

    def __exit__(self, failed, *_):
        try:
            if failed:
                self._writes.kill()
                self._reads.kill()
                return
            writes, reads = self._writes.records(), self._reads.records()
        finally:
            self._checker.__exit__(None, None, None)
            self._folder.cleanup()
        self._cluster.make_whole()
        self.figures = SimpleNamespace(**self._of_writes(writes), **self._of_reads(reads), **self._of_checker(),
                                       hits=self._count_hits())

    def wait(self, seconds):
        """Until so long after the beginning."""
        time.sleep(max(0, self._began + seconds - time.monotonic()))

    # ---- What is sent ----

    def _generate(self, name, requests, rate):
        return Generator(Path(self._folder.name), name, self._cluster.port, requests, rate, self._seconds)

    def _make_answers(self):
        """Which are voted on."""
        client = Client(self._cluster.port)
        for number in range(QUESTIONS):
            question = self._post(client, "/qa/questions", product_id=self._product,
                                  body=f"question {number}")["question_id"]
            self._answers += [self._post(client, f"/qa/questions/{question}/answers", body="yes")["answer_id"]
                              for _ in range(ANSWERS_OF_EACH)]
        client.close()

    @staticmethod
    def _post(client, target, **fields):
        reply = client.ask(request("POST", target, {**fields, "name": "will", "email": "will@mail.example"}))
        assert reply.status == 201, reply.body
        return reply.json()

    @staticmethod
    def _is_post(number):
        return number % POST_EVERY == 0

    def _answer_of(self, number):
        return self._answers[number % len(self._answers)]

    def _body_of(self, number):
        return f"write {number} of {self._product}"

    def _requests_to_write(self):
        for number in itertools.count():
            if self._is_post(number):
                yield request("POST", "/qa/questions", {"product_id": self._product, "name": "will",
                                                        "email": "will@mail.example", "body": self._body_of(number)})
            else:
                yield request("PUT", f"/qa/answers/{self._answer_of(number)}/helpful")

    @staticmethod
    def _requests_to_read():
        for number in itertools.count():
            yield request("GET", f"/qa/questions?product_id={1 + number % PRODUCTS_READ}")

    # ---- What came of it ----

    def _of_writes(self, records):
        statuses = Counter(status for status, _ in records)
        sent = len(records) - statuses[NOT_SENT]
        acknowledged = sum(statuses[status] for status in ACKNOWLEDGED)
        refused = sum(statuses[status] for status in REFUSED)
        return {"writes": sent, "acknowledged": acknowledged, "refused": refused,
                "unknown": sent - acknowledged - refused,
                "writes_away_s": _longest_gap(records, ACKNOWLEDGED),
                **self._of_posts(records), **self._of_votes(records)}

    def _of_posts(self, records):
        posts = Counter({body: count for body, count in self._cluster.sql(
            "SELECT body, count(*) FROM questions WHERE product_id = %s AND body LIKE 'write %%' GROUP BY body",
            self._product)})
        sent = {self._body_of(number): status
                for number, (status, _) in enumerate(records) if self._is_post(number)}
        return {"lost_posts": sum(status in ACKNOWLEDGED and posts[body] == 0 for body, status in sent.items()),
                "twice_posts": sum(max(0, count - 1) for count in posts.values()),
                "refused_and_there": sum(sent[body] in REFUSED for body, count in posts.items() if count > 0)}

    def _of_votes(self, records):
        acknowledged, unknown = Counter(), Counter()
        for number, (status, _) in enumerate(records):
            if not self._is_post(number):
                acknowledged[self._answer_of(number)] += status in ACKNOWLEDGED
                unknown[self._answer_of(number)] += status not in ACKNOWLEDGED | REFUSED | {NOT_SENT}
        votes = self._cluster.sql("SELECT id, helpful FROM answers WHERE id IN (%s)"
                                  % ", ".join(map(str, self._answers)))
        assert len(votes) == len(self._answers)
        return {"lost_votes": sum(max(0, acknowledged[answer] - count) for answer, count in votes),
                "votes_too_many": sum(max(0, count - acknowledged[answer] - unknown[answer])
                                      for answer, count in votes)}

    @staticmethod
    def _of_reads(records):
        statuses = Counter(status for status, _ in records)
        failed = {status: count for status, count in statuses.items() if status not in (200, NOT_SENT)}
        return {"reads": statuses[200], "reads_failed": sum(failed.values()), "failed_with": failed,
                "reads_away_s": _longest_gap(records, {200})}

    def _count_hits(self):
        """At least so many: a host that was started anew has counted from zero."""
        return sum(max(0, now - then) for now, then in zip(self._cluster.hits(), self._hits))

    def _of_checker(self):
        findings = self._checker.findings
        phantoms = 0
        for place in findings.places:
            for kind in {"question", "answer"} & place.keys():
                [[votes]] = self._cluster.sql(f"SELECT helpful FROM {kind}s WHERE id = %s", place[kind]["id"])
                phantoms += max(0, place[kind]["shown"] - votes)
        return {"checked": findings.reads, "stale": findings.stale, "wrong": findings.wrong, "phantoms": phantoms,
                "faults": self._checker.compare_with(self._cluster), "told": findings.told}


def _longest_gap(records, statuses):
    """Seconds without a response of these statuses, up to the last response of all."""
    end = max(done for status, done in records if status != NOT_SENT)
    times = [0.0, *sorted(done for status, done in records if status in statuses), end]
    return round(max(b - a for a, b in itertools.pairwise(times)), 1)
