"""`make bench`: runs the scenarios, prints the table, writes build/bench/report.json and .html.

    run.py              the benchmark
    run.py --data       only generate and load the data set
    run.py --markdown   print the tables of the last report.json for docs/benchmarks.md

Read scenarios.py first: what is measured and what it is held against."""

import json
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from commands import BenchError, allow_many_files, stop_on_signals
from cpu import cpu_seconds
from limits import static_file
from machine import busy_processors, describe_machine, describe_settings, describe_versions
from product_stack import ProductStack
from report import html_page, markdown, text_table
from scenarios import (ANY, OFF, Bench, chosen_scenarios, mean_page_bytes, needed_measurements,
                       row_of)
from settings import OUTPUT, settings_from_environment


def say(text):
    print(text, flush=True)


def run_measurement(bench, measurement):
    stack, settings = bench.stack, bench.settings
    stack.wait_for_pages()
    if measurement.warm_up:
        measurement.run(bench, max(measurement.warm_up, settings.seconds / 2))
    if measurement.writes:
        stack.checkpoint()
    before, began = cpu_seconds(stack), time.monotonic()
    result = measurement.run(bench, settings.seconds * measurement.runs)
    elapsed = time.monotonic() - began
    after = cpu_seconds(stack)
    result["cpu"] = {part: round((after[part] - before[part]) / elapsed, 3) for part in after
                     if part in before}
    told = ", ".join(f"{count} {name}" for name, count in result["failures"].items())
    say(f"  {measurement.name:<16} {result['rate']:>10,.0f}/s"
        + (f"   FAILED: {told or result['failed']}" if result["failed"] else ""))
    return result


def run_round(bench, measurements):
    results = {}
    cache = None
    for measurement in measurements:
        if measurement.cache not in (ANY, cache):
            cache = measurement.cache
            bench.stack.serve_with_cache(0 if cache == OFF else None)
        results[measurement.name] = run_measurement(bench, measurement)
        bench.rates[measurement.name] = results[measurement.name]["rate"]
    return results


def run_rounds(settings, scenarios):
    measurements = needed_measurements(scenarios)
    report = {"began": datetime.now(timezone.utc).isoformat(timespec="seconds"),
              "machine": describe_machine(), "busy_before": busy_processors()}
    say(f"Preparing {settings.products:,} products in {settings.state}")
    with ProductStack(settings) as stack, tempfile.TemporaryDirectory() as folder:
        stack.wait_for_pages()
        report["data_gib"] = stack.read_into_memory()
        page_bytes = mean_page_bytes(stack)
        with static_file(settings.port + 1, page_bytes) as static_url:
            report |= {"versions": describe_versions(stack),
                       "settings": describe_settings(stack, settings), "page_bytes": page_bytes}
            rounds = []
            for number in range(1, settings.rounds + 1):
                say(f"Round {number} of {settings.rounds}")
                bench = Bench(settings, stack, Path(folder), static_url, {})
                rounds.append(run_round(bench, measurements))
            stack.remove_added_rows()
    report["rows"] = [row_of(scenario, rounds) for scenario in scenarios]
    report["rounds"] = rounds
    return report


def write_report(report):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (OUTPUT / "report.html").write_text(html_page(report), encoding="utf-8")


def benchmark():
    """Whether every bar is met."""
    settings = settings_from_environment()
    scenarios = chosen_scenarios(settings.only)
    report = run_rounds(settings, scenarios)
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
