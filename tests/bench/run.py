"""`make bench`: runs the scenarios, prints the table, writes build/bench/report.json and .html.

    run.py              the benchmark
    run.py --data       only generate and load the data set
    run.py --markdown   print the tables of the last report.json for docs/benchmarks.md

Read scenarios.py first: what is measured and what it is held against."""

import contextlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from commands import BenchError, allow_many_files, stop_on_signals
from cpu import cpu_seconds
from machine import busy_processors, describe_machine, describe_settings, describe_versions
from noise import repeat_noisy_rounds
from peer import CACHE_MB, compare_pages, running_peer
from product_stack import ProductStack
from report import html_page, markdown, text_table
from scenarios import (ANY, Bench, chosen_scenarios, mean_page_bytes, needed_measurements, row_of,
                       steady)
from settings import OUTPUT, settings_from_environment
from static_files import configure_as_product, configure_bare, static_files
from tls import file_over_tls, pages_over_tls


def say(text):
    print(text, flush=True)


def run_measurement(bench, measurement):
    stack, settings = bench.stack, bench.settings
    stack.wait_for_pages()
    if measurement.warm_up:
        measurement.run(bench, max(measurement.warm_up, settings.seconds / 2))
    if measurement.writes:
        stack.checkpoint()
    pids = stack.pids() | (bench.servers[measurement.server].pids() if measurement.server else {})
    before, began = cpu_seconds(pids), time.monotonic()
    result = measurement.run(bench, settings.seconds * measurement.runs)
    elapsed = time.monotonic() - began
    after = cpu_seconds(pids)
    result["private_mib"] = round(stack.private_mib(), 1)
    result["cpu"] = {part: round((after[part] - before[part]) / elapsed, 3) for part in after
                     if part in before}
    told = ", ".join(f"{count} {name}" for name, count in result["failures"].items())
    say(f"  {measurement.name:<18} {result['rate']:>10,.0f}/s"
        + (f"   FAILED: {told or result['failed']}" if result["failed"] else ""))
    return result


def run_round(bench, measurements):
    results = {}
    service = None
    for measurement in measurements:
        if measurement.service not in (ANY, service):
            service = measurement.service
            bench.stack.serve(service)
        results[measurement.name] = run_measurement(bench, measurement)
        bench.rates[measurement.name] = results[measurement.name]["rate"]
    return results


@contextlib.contextmanager
def other_servers(settings, stack, names, file_sizes):
    """The static files and, where they are named, the peers, whose pages are ours, and TLS."""
    with contextlib.ExitStack() as running:
        def files(configure, port):
            return running.enter_context(static_files(configure, port, *file_sizes))
        servers = {"static": files(configure_as_product, settings.port + 1),
                   "bare": files(configure_bare, settings.port + 2)}
        for port, (name, cache_mb) in enumerate((("peer-cached", CACHE_MB), ("peer-uncached", 0)),
                                                settings.port + 3):
            if name in names:
                servers[name] = running.enter_context(running_peer(stack, port, cache_mb))
                compare_pages(stack, servers[name])
        if "tls" in names:
            servers["tls"] = running.enter_context(pages_over_tls(stack, settings.port + 5))
            servers["static-tls"] = running.enter_context(file_over_tls(settings.port + 7, file_sizes[0]))
        yield servers


def run_rounds(bench, measurements):
    """The results of each round, and which rounds were run again."""
    def run(number):
        say(f"Round {number} of {bench.settings.rounds}")
        return run_round(replace(bench, rates={}), measurements)

    if not measurements:
        return [], []
    rounds = [run(number) for number in range(1, bench.settings.rounds + 1)]
    return rounds, repeat_noisy_rounds(rounds, run)


def rows_of(bench, scenarios, rounds):
    """The rows of the rounds, and of what is run by itself, after them."""
    for scenario in scenarios:
        if scenario.by_itself:
            say(f"{bench.settings.steady_s:g} s of mixed traffic")
            yield row_of(scenario, [{scenario.name: steady(bench)}])
        else:
            yield row_of(scenario, rounds)


def run_scenarios(settings, scenarios):
    measurements = needed_measurements(scenarios)
    report = {"began": datetime.now(timezone.utc).isoformat(timespec="seconds"),
              "machine": describe_machine(), "busy_before": busy_processors()}
    say(f"Preparing {settings.products:,} products in {settings.state}")
    with ProductStack(settings) as stack, tempfile.TemporaryDirectory() as folder:
        stack.wait_for_pages()
        report["data_gib"] = stack.read_into_memory()
        sizes = mean_page_bytes(stack)
        names = {measurement.server for measurement in measurements}
        with other_servers(settings, stack, names, sizes) as servers:
            report |= {"versions": describe_versions(stack), "settings": describe_settings(stack, settings),
                       "page_bytes": sizes[0], "gzip_bytes": sizes[1]}
            bench = Bench(settings, stack, Path(folder), servers, {})
            rounds, repeats = run_rounds(bench, measurements)
            rows = list(rows_of(bench, scenarios, rounds))
            stack.remove_added_rows()
    return report | {"rows": rows, "rounds": rounds, "repeats": repeats}


def write_report(report):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (OUTPUT / "report.html").write_text(html_page(report), encoding="utf-8")


def benchmark():
    """Whether every bar is met."""
    settings = settings_from_environment()
    scenarios = chosen_scenarios(settings.only)
    report = run_scenarios(settings, scenarios)
    write_report(report)
    say("\n" + text_table(report))
    say(f"\n{OUTPUT}/report.html\n{OUTPUT}/report.json")
    return all(row["verdict"] == "met" for row in report["rows"])


def prepare_data():
    settings = settings_from_environment()
    say(f"Preparing {settings.products:,} products in {settings.state}")
    with ProductStack(settings) as stack:
        stack.wait_for_pages()
        say(", ".join(f"{count:,} {table}" for table, count in stack.rows.items()))
    return True


def print_markdown():
    print(markdown(json.loads((OUTPUT / "report.json").read_text(encoding="utf-8"))))
    return True


def main(arguments):
    commands = {(): benchmark, ("--data",): prepare_data, ("--markdown",): print_markdown}
    command = commands.get(tuple(arguments))
    if not command:
        sys.exit(__doc__)
    stop_on_signals()
    allow_many_files()
    try:
        return 0 if command() else 1
    except (BenchError, ValueError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
