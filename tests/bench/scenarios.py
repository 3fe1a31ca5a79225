"""What is measured, what each measurement is held against, and which ratio has to come out."""

import statistics
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Callable, Optional
from urllib.parse import urlsplit

from closed_loop import run_wrk
from constant_rate import run_constant_rate
from limits import (ANSWERS_QUERY, INSERT_ANSWER, ONE_ROW_UPDATE, QUESTIONS_QUERY, SELECT_1,
                    run_pgbench)
from noise import BARE_FILE
from overload import run_overload
from settings import (DEFAULT, HEADLINE_RUNS, OFF, OVERLOAD, PROXIED, READ_CONNECTIONS, VIRAL_RUNS,
                      WRITE_CONNECTIONS)
from steady import run_steady
from targets import ids_by_rank, mixed_traffic
from tls import page_urls, run_h2load
from viral import HUNDREDTH, MEMBERS, OTHER, WRITERS, run_viral

ANY = None  # however the service is set

P99_MS_BAR = 8
OVERLOAD_BAR = 0.8
REFUSAL_MS_BAR = 100  # p99: at once, seen through a generator that shares the processors
RECOVERY_S_BAR = 1
VIRAL_FIRST_MS_BAR = 50  # p99
VIRAL_HUNDREDTH_MS_BAR = 250
PRIVATE_MIB_BAR = 15  # of each worker, when the cache is full

# In which the cache gets its pages (for as long as a service is old it has kept them at most); in which those
# of the hot reads get what else they need; in which server processes map what they read.
FILL_S = 60
FILL_HOT_S = 15
MAP_S = 15


@dataclass(frozen=True)
class Bench:
    """What a measurement needs."""
    settings: object
    stack: object
    folder: object   # for temporary files
    servers: dict    # what else is measured, by name: of static files, the peers
    rates: dict      # of this round, by measurement


@dataclass(frozen=True)
class Measurement:
    name: str
    service: Optional[dict]  # its settings, ANY
    run: Callable            # of a Bench and seconds
    warm_up: float = 1       # seconds at least; none: no warm-up
    writes: bool = False
    runs: float = 1          # as long as this many other runs
    needs: tuple = ()
    server: str = ""         # which of the other servers it is about


def pgbench(script, warm_up=0):
    return lambda bench, seconds: run_pgbench(bench.stack, script, seconds, warm_up)


def pgbench_alone(script):
    def run(bench, seconds):
        with bench.stack.without_marks():
            return run_pgbench(bench.stack, script, seconds)
    return run


def wrk(message, choice, ids, connections=READ_CONNECTIONS, server=""):
    def run(bench, seconds):
        url = (bench.servers[server] if server else bench.stack).base_url
        return run_wrk(url, message, choice, bench.stack.rows[ids], connections, seconds)
    return run


def of_server(name, server, message, choice, warm_up=1):
    return Measurement(name, ANY, wrk(message, choice, "products", server=server), warm_up, server=server)


def hot_pages_over_tls(bench, seconds):
    urls = page_urls(bench.servers["tls"].base_url, bench.stack.rows["products"])
    return run_h2load(bench.folder, urls, READ_CONNECTIONS, seconds)


def file_over_tls(bench, seconds):
    return run_h2load(bench.folder, [bench.servers["static-tls"].base_url + "/page.json"], READ_CONNECTIONS, seconds)


def headline(bench, seconds):
    rate = bench.settings.rate
    targets = mixed_traffic(bench.stack.rows, int(rate * seconds) + 1)
    return run_constant_rate(bench.folder, bench.stack, targets, rate, seconds)


def overload(bench, seconds):
    return run_overload(bench.folder, bench.stack, bench.rates["random-products"], seconds)


def viral(bench, seconds):
    return run_viral(bench.stack, seconds)


# In the order in which a round runs them: each limit beside its scenario, few changes of the service.
MEASUREMENTS = (
    Measurement("select-1", ANY, pgbench(SELECT_1)),
    Measurement("questions-query", ANY, pgbench(QUESTIONS_QUERY, MAP_S), warm_up=0),
    Measurement("random-products", OFF, wrk("questions", "uniform", "products"), warm_up=MAP_S),
    Measurement("random-sorted", OFF, wrk("questions_sorted", "uniform", "products"), warm_up=MAP_S),
    Measurement("random-search", OFF, wrk("questions_search", "uniform", "products"), warm_up=MAP_S),
    of_server("peer-uncached", "peer-uncached", "questions", "uniform", MAP_S),
    Measurement("answers-query", ANY, pgbench(ANSWERS_QUERY, MAP_S), warm_up=0),
    Measurement("random-answers", OFF, wrk("answers", "uniform", "questions"), warm_up=MAP_S),
    Measurement("overload", OFF, overload, warm_up=0, needs=("random-products",)),
    Measurement("hot-reads-proxied", PROXIED, wrk("questions", "hot", "products"), warm_up=FILL_S),
    Measurement("hot-reads", DEFAULT, wrk("questions", "hot", "products"), warm_up=FILL_S),
    Measurement("hot-sorted", DEFAULT, wrk("questions_sorted", "hot", "products"), warm_up=FILL_S),
    Measurement("hot-search", DEFAULT, wrk("questions_search", "hot", "products"), warm_up=FILL_S),
    of_server("static-file", "static", "static_file", "hot"),
    of_server("bare-file", "bare", "static_file", "hot"),
    of_server("peer-cached", "peer-cached", "questions", "hot", FILL_HOT_S),
    Measurement("hot-reads-gzip", DEFAULT, wrk("questions_gzip", "hot", "products"), warm_up=FILL_HOT_S),
    of_server("static-file-gzip", "static", "static_file_gzip", "hot"),
    of_server("bare-file-gzip", "bare", "static_file_gzip", "hot"),
    Measurement("hot-reads-tls", DEFAULT, hot_pages_over_tls, warm_up=FILL_HOT_S, server="tls"),
    Measurement("static-file-tls", ANY, file_over_tls, server="static-tls"),
    Measurement("zipf-reads", DEFAULT, wrk("questions", "zipf", "products"), warm_up=FILL_S),
    Measurement("votes-random", DEFAULT, wrk("vote", "uniform", "answers", WRITE_CONNECTIONS),
                writes=True),
    Measurement("votes-of-voters", DEFAULT, wrk("vote_of_voter", "uniform", "answers", WRITE_CONNECTIONS),
                writes=True),
    Measurement("votes-keyed", DEFAULT, wrk("keyed_vote", "uniform", "answers", WRITE_CONNECTIONS), writes=True),
    Measurement("one-row-update", ANY, pgbench_alone(ONE_ROW_UPDATE), writes=True),
    Measurement("votes-hot", DEFAULT, wrk("vote", "one", "answers", WRITE_CONNECTIONS), writes=True),
    Measurement("new-answers", DEFAULT,
                wrk("new_answer", "uniform", "questions", WRITE_CONNECTIONS), writes=True),
    Measurement("insert-answer", ANY, pgbench_alone(INSERT_ANSWER), writes=True),
    Measurement("viral", DEFAULT, viral, warm_up=0, writes=True, runs=VIRAL_RUNS),
    Measurement("headline", DEFAULT, headline, warm_up=FILL_S, writes=True,
                runs=HEADLINE_RUNS))


def rate(result):
    return result["rate"]


def rate_of_front(result):
    """Responses for a second of the time that NGINX and the workers, or the peer's processes, use."""
    return result["rate"] / (result["cpu"]["nginx"] + result["cpu"]["workers"])


@dataclass(frozen=True)
class Scenario:
    """A row of the table. The limit is made of a round's results by measurement."""
    name: str
    title: str
    limit_title: str = "–"
    bar: Optional[float] = None
    limit: Optional[Callable] = None
    needs: tuple = ()
    measurement: str = ""  # by default of the same name
    value: Callable = rate  # of its result
    bare: str = ""  # the measurement of a bare file, to which the ratio is told
    by_itself: bool = False  # not in the rounds, and only where it is asked for

    @property
    def measured(self):
        return self.measurement or self.name


def one_of(name, value=rate):
    return {"limit": lambda results: value(results[name]), "needs": (name,), "value": value}


def both_costs(query):
    """A page costs its query and its HTTP through a worker, and both share the same processors."""
    return {"limit": lambda results: 1 / (1 / rate(results[query]) + 1 / rate(results["hot-reads-proxied"])),
            "needs": (query, "hot-reads-proxied")}


FILE = "static file of the same size, by our NGINX configuration"

SCENARIOS = (
    Scenario("questions-query", "questions query alone, random product",
             "pgbench SELECT 1", 0.22, **one_of("select-1")),
    Scenario("random-products", "random product, cache off",
             "its query in pgbench and proxied hot reads, 1/(1/q + 1/h)", 1.1,
             **both_costs("questions-query")),
    Scenario("random-answers", "random question's answers, cache off",
             "its query in pgbench and proxied hot reads, 1/(1/q + 1/h)", 0.90,
             **both_costs("answers-query")),
    Scenario("hot-reads", "hot reads, 10,000 products",
             FILE, 0.95, bare=BARE_FILE, **one_of("static-file")),
    Scenario("hot-reads-gzip", "hot reads, compressed",
             f"{FILE}, gzip_static", 0.95, bare="bare-file-gzip", **one_of("static-file-gzip")),
    Scenario("hot-reads-tls", "hot reads over TLS, HTTP/2",
             f"{FILE}, over TLS", 0.95, **one_of("static-file-tls")),
    Scenario("sorted", "hot reads, newest first", "hot reads", 0.80, measurement="hot-sorted", **one_of("hot-reads")),
    Scenario("search", "hot searches", "hot reads", 0.80, measurement="hot-search", **one_of("hot-reads")),
    Scenario("sorted-uncached", "random product, cache off, newest first", "random product, cache off",
             measurement="random-sorted", **one_of("random-products")),
    Scenario("search-uncached", "random product, cache off, a search", "random product, cache off",
             measurement="random-search", **one_of("random-products")),
    Scenario("hit-time", "hot reads for a second of NGINX and workers",
             "the same without NGINX's module", 1 / 0.45, measurement="hot-reads",
             **one_of("hot-reads-proxied", rate_of_front)),
    Scenario("zipf-reads", "Zipf (s = 1) over the catalogue",
             FILE, 0.50, bare=BARE_FILE, **one_of("static-file")),
    Scenario("peer-cached", "hot reads, to the peer's",
             "the peer, pages up to 60 s old", 2.0, measurement="hot-reads", **one_of("peer-cached")),
    Scenario("peer-uncached", "random product, cache off, to the peer's",
             "the peer without its cache", 2.5, measurement="random-products", **one_of("peer-uncached")),
    Scenario("votes-random", "votes on random answers",
             "pgbench one-row UPDATE", 1.0, **one_of("one-row-update")),
    Scenario("votes-hot", "votes on one hot answer",
             "pgbench one-row UPDATE", 1.0, **one_of("one-row-update")),
    Scenario("votes-of-voters", "votes of voters on random answers, each another one",
             "the same without voters", 0.5, **one_of("votes-random")),
    Scenario("votes-keyed", "votes on random answers, with an Idempotency-Key",
             "the same without keys", 0.5, **one_of("votes-random")),
    Scenario("new-answers", "new answers with two photos",
             "pgbench insert of the same rows", 0.7, **one_of("insert-answer")),
    Scenario("viral", f"first page of {MEMBERS:,} questions or answers, {WRITERS} clients writing to them",
             f"p99 ≤ {VIRAL_FIRST_MS_BAR} ms, hundredth page ≤ {VIRAL_HUNDREDTH_MS_BAR} ms, no error"),
    Scenario("headline", "constant rate, mixed traffic",
             f"p99 ≤ {P99_MS_BAR} ms, no error"),
    Scenario("overload", f"overload: {OVERLOAD} times the best, cache off",
             "best throughput at a constant rate", OVERLOAD_BAR),
    Scenario("steady", "random product, cache off, after mixed traffic",
             "the same right before the traffic", 0.90, lambda results: results["steady"]["before"],
             by_itself=True))


def chosen_scenarios(only):
    """By name, or, as `peer`, by the first word of several names."""
    names = [scenario.name for scenario in SCENARIOS]
    chosen = {word: [name for name in names if name == word]
              or [name for name in names if name.startswith(f"{word}-")] for word in only}
    unknown = [word for word in only if not chosen[word]]
    if unknown:
        raise ValueError(f"BENCH_ONLY: no {', '.join(unknown)}; there are {', '.join(names)}")
    wanted = sum(chosen.values(), [])
    return [scenario for scenario in SCENARIOS
            if scenario.name in wanted or not only and not scenario.by_itself]


def needed_measurements(scenarios):
    """Of a round; the bare file tells how busy the machine is."""
    scenarios = [scenario for scenario in scenarios if not scenario.by_itself]
    needed = {name for scenario in scenarios for name in (scenario.measured, BARE_FILE, scenario.bare, *scenario.needs)} - {""}
    needed |= {name for each in MEASUREMENTS if each.name in needed for name in each.needs}
    return [each for each in MEASUREMENTS if each.name in needed]


def steady(bench):
    return run_steady(bench, MAP_S)


def mean_page_bytes(stack, pages=300):
    """Of the bodies that the hot reads get, plain and for who takes gzip."""
    id_of = ids_by_rank(stack.rows["products"])
    connection = HTTPConnection(urlsplit(stack.base_url).netloc, timeout=10)

    def mean(headers):
        sizes = []
        for rank in range(1, 1 + min(pages, stack.rows["products"])):
            connection.request("GET", f"/qa/questions?product_id={id_of(rank)}", headers=headers)
            sizes.append(len(connection.getresponse().read()))
        return round(statistics.mean(sizes))
    return mean({}), mean({"Accept-Encoding": "gzip"})


# ---- From rounds to rows --------------------------------------------------------------------------

def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def row_of(scenario, rounds):
    """A row of the report from the rounds, each the results by measurement."""
    results = [each[scenario.measured] for each in rounds]
    values = [scenario.value(result) for result in results]
    row = {"name": scenario.name, "title": scenario.title, "limit_title": scenario.limit_title,
           "bar": scenario.bar, "value": median(values),
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
    if scenario.name == "zipf-reads":
        row["private_mib"] = median(result.get("private_mib") for result in results)
    if scenario.by_itself:
        row.update(steady_figures(results[0]))
    limits = []
    if scenario.limit:
        limits = [scenario.limit(each) for each in rounds]
    elif scenario.name == "overload":
        limits = [result["best"] for result in results]
    if limits:
        row["limit"] = median(limits)
        row["ratios"] = [value / limit for value, limit in zip(values, limits)]
        row["ratio"] = median(row["ratios"])
    if scenario.bare:
        row["bare_ratios"] = [value / rate(each[scenario.bare]) for value, each in zip(values, rounds)]
    row["limit_failed"] = sum(each[name]["failed"] for each in rounds for name in scenario.needs)
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


def steady_figures(result):
    minutes = [each["percentiles_ms"].get(99.0) for each in result["minutes"]]
    return {"minutes": len(minutes), "minute_p99_ms": median(minutes),
            "worst_p99_ms": None if None in minutes else max(minutes),
            "tables": result["tables"], "bare_rates": result["bare_rates"]}


def faults_of(scenario, row, results):
    if row["failed"]:
        yield f"{row['failed']} failed requests"
    if row["limit_failed"]:
        yield f"{row['limit_failed']} failed requests of its limit"
    if row["ratio"] is not None and scenario.bar is not None and row["ratio"] < scenario.bar:
        yield f"below {scenario.bar:.2f}"
    if (row.get("private_mib") or 0) > PRIVATE_MIB_BAR:
        yield f"workers above {PRIVATE_MIB_BAR} MiB"
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
