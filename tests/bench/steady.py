"""Mixed traffic at the constant rate for half an hour, then random products at once, against random products
right before it: whether what the service keeps ready still pays when it has been voted on for long."""

import math

from closed_loop import run_wrk
from constant_rate import Attack, summary
from settings import DEFAULT, OFF, READ_CONNECTIONS
from targets import mixed_traffic

MINUTE_S = 60
KEPT_READY = ("product_pages", "changed_products")


def table_figures(stack):
    """Of each table: MiB with its indexes, rows, and dead rows that no vacuum has removed yet."""
    lines = stack.sql(
        "SELECT relname, pg_total_relation_size(relid) / 1048576.0, n_live_tup, n_dead_tup"
        f" FROM pg_stat_user_tables WHERE relname IN {KEPT_READY} ORDER BY relname DESC").splitlines()
    return {name: {"mib": round(float(mib), 1), "rows": int(rows), "dead_rows": int(dead)}
            for name, mib, rows, dead in (line.split("|") for line in lines)}


def minutes_of(seconds):
    """The lengths of the parts in which that time is run."""
    parts = math.ceil(seconds / MINUTE_S)
    return [min(MINUTE_S, seconds - MINUTE_S * part) for part in range(parts)]


def random_products(bench, warm_up_s):
    """Right after the service has been started anew without a cache."""
    bench.stack.serve(OFF)
    for seconds in (warm_up_s, bench.settings.seconds):
        result = run_wrk(bench.stack.base_url, "questions", "uniform", bench.stack.rows["products"],
                         READ_CONNECTIONS, seconds)
    return result


def bare_file(bench):
    return run_wrk(bench.servers["bare"].base_url, "static_file", "hot", bench.stack.rows["products"],
                   READ_CONNECTIONS, bench.settings.seconds)["rate"]


def mixed_minutes(bench, seconds):
    """What each minute came to, and the tables after it. All requests are made before the first one, which
    takes minutes and 2 GB of files for half an hour."""
    stack, rate = bench.stack, bench.settings.rate
    lengths = minutes_of(seconds)
    attacks = [Attack(bench.folder, f"minute{number}", stack,
                      mixed_traffic(stack.rows, int(rate * length) + 1), rate, length)
               for number, length in enumerate(lengths)]
    tables = []
    try:
        for attack in attacks:
            attack.start()
            attack.wait()
            tables.append(table_figures(stack))
    finally:
        for attack in attacks:
            attack.stop()
    return lambda: [{**summary(attack.samples()[1], rate, length), "tables": figures}
                    for attack, length, figures in zip(attacks, lengths, tables)]


def run_steady(bench, warm_up_s):
    stack = bench.stack
    stack.wait_for_pages()
    bare_rates = [bare_file(bench)]
    before, tables = random_products(bench, warm_up_s), [table_figures(stack)]
    stack.serve(DEFAULT)
    read_minutes = mixed_minutes(bench, bench.settings.steady_s)
    tables.append(table_figures(stack))
    after = random_products(bench, warm_up_s)
    tables.append(table_figures(stack))
    bare_rates.append(bare_file(bench))
    minutes = read_minutes()
    failures = {}
    for part in (before, after, *minutes):
        for name, count in part["failures"].items():
            failures[name] = failures.get(name, 0) + count
    return {**after, "cpu": {}, "before": before["rate"], "tables": tables, "minutes": minutes,
            "bare_rates": bare_rates, "failed": sum(failures.values()), "failures": failures}
