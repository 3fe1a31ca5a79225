"""What is measured, what each measurement is held against, and which ratio has to come out."""

import json
import statistics
import urllib.request
from dataclasses import dataclass
from typing import Callable, Optional

from closed_loop import run_wrk
from constant_rate import run_constant_rate
from limits import (ANSWERS_QUERY, INSERT_ANSWER, ONE_ROW_UPDATE, QUESTIONS_QUERY, SELECT_1,
                    run_pgbench)
from overload import run_overload
from settings import HEADLINE_RUNS, OVERLOAD, READ_CONNECTIONS, VIRAL_RUNS, WRITE_CONNECTIONS
from targets import ids_by_rank, mixed_traffic
from viral import HUNDREDTH, MEMBERS, OTHER, WRITERS, run_viral

ANY, OFF, DEFAULT = "any", "off", "default"  # the service's cache

P99_MS_BAR = 10
OVERLOAD_BAR = 0.8
REFUSAL_MS_BAR = 100  # p99: at once, seen through a generator that shares the processors
RECOVERY_S_BAR = 1
VIRAL_FIRST_MS_BAR = 50  # p99
VIRAL_HUNDREDTH_MS_BAR = 250

# In which the caches of all workers get their pages; in which server processes map what they read.
FILL_S = 60
MAP_S = 15


@dataclass(frozen=True)
class Bench:
    """What a measurement needs."""
    settings: object
    stack: object
    folder: object   # for temporary files
    static_url: str
    rates: dict      # of this round, by measurement


@dataclass(frozen=True)
class Measurement:
    name: str
    cache: str
    run: Callable  # of a Bench and seconds
    warm_up: float = 1  # seconds at least; none: no warm-up
    writes: bool = False
    runs: float = 1     # as long as this many other runs
    needs: tuple = ()


def pgbench(script, warm_up=0):
    return lambda bench, seconds: run_pgbench(bench.stack, script, seconds, warm_up)


def pgbench_alone(script):
    def run(bench, seconds):
        with bench.stack.without_marks():
            return run_pgbench(bench.stack, script, seconds)
    return run


def wrk(message, choice, ids, connections=READ_CONNECTIONS):
    def run(bench, seconds):
        url = bench.static_url if message == "static_file" else bench.stack.base_url
        return run_wrk(url, message, choice, bench.stack.rows[ids], connections, seconds)
    return run


def headline(bench, seconds):
    rate = bench.settings.rate
    targets = mixed_traffic(bench.stack.rows, int(rate * seconds) + 1)
    return run_constant_rate(bench.folder, bench.stack, targets, rate, seconds)


def overload(bench, seconds):
    return run_overload(bench.folder, bench.stack, bench.rates["random-products"], seconds)


def viral(bench, seconds):
    return run_viral(bench.stack, seconds)


# In the order in which a round runs them: each limit beside its scenario, few changes of the cache.
MEASUREMENTS = (
    Measurement("select-1", ANY, pgbench(SELECT_1)),
    Measurement("questions-query", ANY, pgbench(QUESTIONS_QUERY, MAP_S), warm_up=0),
    Measurement("random-products", OFF, wrk("questions", "uniform", "products"), warm_up=MAP_S),
    Measurement("answers-query", ANY, pgbench(ANSWERS_QUERY, MAP_S), warm_up=0),
    Measurement("random-answers", OFF, wrk("answers", "uniform", "questions"), warm_up=MAP_S),
    Measurement("overload", OFF, overload, warm_up=0, needs=("random-products",)),
    Measurement("hot-reads", DEFAULT, wrk("questions", "hot", "products"), warm_up=FILL_S),
    Measurement("static-file", ANY, wrk("static_file", "hot", "products")),
    Measurement("zipf-reads", DEFAULT, wrk("questions", "zipf", "products"), warm_up=FILL_S),
    Measurement("votes-random", DEFAULT, wrk("vote", "uniform", "answers", WRITE_CONNECTIONS),
                writes=True),
    Measurement("one-row-update", ANY, pgbench_alone(ONE_ROW_UPDATE), writes=True),
    Measurement("votes-hot", DEFAULT, wrk("vote", "one", "answers", WRITE_CONNECTIONS), writes=True),
    Measurement("new-answers", DEFAULT,
                wrk("new_answer", "uniform", "questions", WRITE_CONNECTIONS), writes=True),
    Measurement("insert-answer", ANY, pgbench_alone(INSERT_ANSWER), writes=True),
    Measurement("viral", DEFAULT, viral, warm_up=0, writes=True, runs=VIRAL_RUNS),
    Measurement("headline", DEFAULT, headline, warm_up=FILL_S, writes=True,
                runs=HEADLINE_RUNS))


@dataclass(frozen=True)
class Scenario:
    """A row of the table. The limit is made of the rates of a round."""
    name: str
    title: str
    limit_title: str = "–"
    bar: Optional[float] = None
    limit: Optional[Callable] = None
    needs: tuple = ()


def one_of(name):
    return {"limit": lambda rates: rates[name], "needs": (name,)}


def both_costs(query):
    """A page costs its query and its HTTP, and both share the same processors."""
    return {"limit": lambda rates: 1 / (1 / rates[query] + 1 / rates["hot-reads"]),
            "needs": (query, "hot-reads")}


SCENARIOS = (
    Scenario("questions-query", "questions query alone, random product",
             "pgbench SELECT 1", 0.22, **one_of("select-1")),
    Scenario("random-products", "random product, cache off",
             "its query in pgbench and hot reads, 1/(1/q + 1/h)", 0.90,
             **both_costs("questions-query")),
    Scenario("random-answers", "random question's answers, cache off",
             "its query in pgbench and hot reads, 1/(1/q + 1/h)", 0.90, **both_costs("answers-query")),
    Scenario("hot-reads", "hot reads, 10,000 products",
             "NGINX, static file of the same size", 0.55, **one_of("static-file")),
    Scenario("zipf-reads", "Zipf (s = 1) over the catalogue",
             "NGINX, static file of the same size", 0.35, **one_of("static-file")),
    Scenario("votes-random", "votes on random answers",
             "pgbench one-row UPDATE", 1.0, **one_of("one-row-update")),
    Scenario("votes-hot", "votes on one hot answer",
             "pgbench one-row UPDATE", 1.0, **one_of("one-row-update")),
    Scenario("new-answers", "new answers with two photos",
             "pgbench insert of the same rows", 0.7, **one_of("insert-answer")),
    Scenario("viral", f"first page of {MEMBERS:,} questions or answers, {WRITERS} clients writing to them",
             f"p99 ≤ {VIRAL_FIRST_MS_BAR} ms, hundredth page ≤ {VIRAL_HUNDREDTH_MS_BAR} ms, no error"),
    Scenario("headline", "constant rate, mixed traffic",
             f"p99 ≤ {P99_MS_BAR} ms, no error"),
    Scenario("overload", f"overload: {OVERLOAD} times the best, cache off",
             "best throughput at a constant rate", OVERLOAD_BAR))


def chosen_scenarios(only):
    names = [scenario.name for scenario in SCENARIOS]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise ValueError(f"BENCH_ONLY: no {', '.join(unknown)}; there are {', '.join(names)}")
    return [scenario for scenario in SCENARIOS if not only or scenario.name in only]


def needed_measurements(scenarios):
    needed = {name for scenario in scenarios for name in (scenario.name, *scenario.needs)}
    needed |= {name for each in MEASUREMENTS if each.name in needed for name in each.needs}
    return [each for each in MEASUREMENTS if each.name in needed]


def mean_page_bytes(stack, pages=300):
    """Of the bodies that the hot reads get."""
    id_of = ids_by_rank(stack.rows["products"])
    ranks = range(1, 1 + min(pages, stack.rows["products"]))
    sizes = []
    for rank in ranks:
        url = f"{stack.base_url}/qa/questions?product_id={id_of(rank)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            sizes.append(len(json.dumps(json.load(answer), ensure_ascii=False).encode())
                         if answer.length is None else answer.length)
    return round(statistics.mean(sizes))


# ---- From rounds to rows --------------------------------------------------------------------------

def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def row_of(scenario, rounds):
    """A row of the report from the rounds, each the results by measurement."""
    results = [each[scenario.name] for each in rounds]
    row = {"name": scenario.name, "title": scenario.title, "limit_title": scenario.limit_title,
           "bar": scenario.bar, "value": median(result["rate"] for result in results),
           "limit": None, "ratio": None,
           "failed": sum(result["failed"] for result in results),
           "failures": [result["failures"] for result in results if result["failures"]],
           "cpu": {part: median(result["cpu"].get(part) for result in results)
                   for part in results[0]["cpu"]}}
    for at in (50.0, 99.0, 99.9):
        row[f"p{at:g}_ms"] = median(result.get("percentiles_ms", {}).get(at) for result in results)
    if scenario.name == "overload":
        row.update(overload_figures(results))
    if scenario.name == "viral":
        row.update(viral_figures(results))
    limits = []
    if scenario.limit:
        limits = [scenario.limit({name: each[name]["rate"] for name in scenario.needs})
                  for each in rounds]
    elif scenario.name == "overload":
        limits = [result["best"] for result in results]
    if limits:
        row["limit"] = median(limits)
        row["ratios"] = [result["rate"] / limit for result, limit in zip(results, limits)]
        row["ratio"] = median(row["ratios"])
    faults = list(faults_of(scenario, row, results))
    return {**row, "verdict": "; ".join(faults) or "met"}


def overload_figures(results):
    recoveries = [result["recovered_s"] for result in results]
    return {"offered": median(result["flood"]["offered"] for result in results),
            "sent": median(result["flood"]["sent"] for result in results),
            "refused": median(result["refused"] for result in results),
            "refusal_p99_ms": median(result["refusal_percentiles_ms"].get(99.0)
                                     for result in results),
            "recovered_s": None if None in recoveries else median(recoveries)}


def viral_figures(results):
    def p99(page):
        return median(result["percentiles_ms_by_page"][page].get(99.0) for result in results)
    return {"writes": median(result["writes"] for result in results),
            "hundredth_p99_ms": p99(HUNDREDTH), "other_p99_ms": p99(OTHER)}


def faults_of(scenario, row, results):
    if row["failed"]:
        yield f"{row['failed']} failed requests"
    if row["ratio"] is not None and row["ratio"] < scenario.bar:
        yield f"below {scenario.bar:.2f}"
    if scenario.name == "headline":
        if row["p99_ms"] is None or row["p99_ms"] > P99_MS_BAR:
            yield f"p99 above {P99_MS_BAR} ms"
        if any(result["sent"] < 0.99 * result["offered"] for result in results):
            yield "not sent in time"
    if scenario.name == "viral":
        for page, p99, bar in (("first", row["p99_ms"], VIRAL_FIRST_MS_BAR),
                               ("hundredth", row["hundredth_p99_ms"], VIRAL_HUNDREDTH_MS_BAR)):
            if p99 is None or p99 > bar:
                yield f"p99 of the {page} page above {bar} ms"
    if scenario.name == "overload":
        if row["sent"] < 0.9 * row["offered"]:
            yield "not sent in time"
        if row["refusal_p99_ms"] is None or row["refusal_p99_ms"] > REFUSAL_MS_BAR:
            yield "no refusals at once"
        if row["recovered_s"] is None or row["recovered_s"] > RECOVERY_S_BAR:
            yield f"not well after {RECOVERY_S_BAR} s"
