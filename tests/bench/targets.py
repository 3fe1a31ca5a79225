"""Requests for the generator of constant rates, as the bytes that it sends: (kind, request)."""

import json
import math
import random
from itertools import accumulate

KINDS = READS, VOTES, QUESTIONS, ANSWERS = ("reads", "votes", "questions", "answers")
CUSTOMER = {"name": "bench", "email": "bench@example.com"}


def ids_by_rank(count):
    """The order of popularity, as in wrk/choice.lua."""
    step = max(1, int(count * 0.618))
    while math.gcd(step, count) > 1:
        step += 1
    return lambda rank: rank * step % count + 1


def zipf_ids(count, draws, source):
    sums = list(accumulate(1 / rank for rank in range(1, count + 1)))
    id_of = ids_by_rank(count)
    return map(id_of, source.choices(range(1, count + 1), cum_weights=sums, k=draws))


def get_questions(product):
    return READS, f"GET /qa/questions?product_id={product} HTTP/1.1\r\nHost: bench\r\n\r\n"


def put_vote(answer):
    return VOTES, (f"PUT /qa/answers/{answer}/helpful HTTP/1.1\r\nHost: bench\r\n"
                   "Content-Length: 0\r\n\r\n")


def post(kind, path, fields):
    body = json.dumps({**fields, **CUSTOMER})
    return kind, (f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n{body}")


def mixed_traffic(rows, number):
    """90 % reads of popular products, 8 % votes, 1 % questions, 1 % answers, in a random order."""
    source = random.Random()
    for product in zipf_ids(rows["products"], number, source):
        share = source.random()
        if share < 0.90:
            yield get_questions(product)
        elif share < 0.98:
            yield put_vote(source.randint(1, rows["answers"]))
        elif share < 0.99:
            yield post(QUESTIONS, "/qa/questions",
                       {"product_id": product, "body": "Does it run small?"})
        else:
            yield post(ANSWERS, f"/qa/questions/{source.randint(1, rows['questions'])}/answers",
                       {"body": "No, take your size.", "photos": []})


def random_products(rows, number):
    source = random.Random()
    for _ in range(number):
        yield get_questions(source.randint(1, rows["products"]))


def write_targets(path, targets):
    with open(path, "w", encoding="ascii", newline="") as file:
        file.writelines(f"{len(request)} {KINDS.index(kind)}\n{request}"
                        for kind, request in targets)
