"""The table as text and Markdown, and the report as one HTML page that needs nothing else."""

from html import escape
from pathlib import Path

import plots
from cpu import PARTS
from noise import noisiest, bare_rates
from overload import AFTER_S
from scenarios import P99_MS_BAR, median

STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")


def number(value, form=",.0f"):
    return "–" if value is None else format(value, form)


def cells(row):
    """Scenario, per second, limit, ratio, at least, p50, p99, p99.9, verdict."""
    return [row["title"], number(row["value"]), number(row["limit"]), number(row["ratio"], ".2f"),
            number(row["bar"], ".2f"), number(row["p50_ms"], ".2f"), number(row["p99_ms"], ".2f"),
            number(row["p99.9_ms"], ".2f"), row["verdict"]]


HEADINGS = ("scenario", "per second", "limit", "ratio", "at least", "p50 ms", "p99 ms", "p99.9 ms",
            "verdict")


def text_table(report):
    table = [HEADINGS, *(cells(row) for row in report["rows"])]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
    last = len(HEADINGS) - 1
    return "\n".join(
        "  ".join(cell.ljust(width) if column in (0, last) else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in table)


PROFILE_HEADINGS = ("measurement", "per second", *(f"{part} µs" for part in PARTS.values()), "rest µs")


def profile(report):
    """Processor time of one answer in µs by the parts of the stack, for each measurement, medians of
    the rounds. The rest is idle or the kernel's own. NGINX and workers are those that were measured: the
    files' NGINX, the peer's NGINX and processes."""
    processors = report["machine"]["processors"]
    for name in report["rounds"][0] if report["rounds"] else ():
        times = []
        for result in (each[name] for each in report["rounds"]):
            parts = [result["cpu"].get(part, 0) for part in PARTS]
            answers = result["rate"] or float("inf")
            times.append([part / answers * 1e6 for part in (*parts, max(0, processors - sum(parts)))])
        rate = median(each[name]["rate"] for each in report["rounds"])
        yield [name, number(rate), *(number(median(column), ".1f") for column in zip(*times))]


def markdown_table(headings, rows):
    return ["| " + " | ".join(cell) + " |" for cell in (headings, ["---"] * len(headings), *rows)]


def markdown(report):
    results = []
    for row in report["rows"]:
        title, rate, limit, _, bar, p50, p99, p999, verdict = cells(row)
        ratios = " ".join(number(ratio, ".2f") for ratio in row.get("ratios", ())) or "–"
        latency = "–" if row["p50_ms"] is None else f"{p50}, {p99}, {p999}"
        results.append([title, row["limit_title"], rate, limit, ratios, bar, latency, verdict])
    headings = ("scenario", "limit", "per second", "its limit", "ratio of each round", "at least",
                "p50, p99, p99.9 (ms)", "verdict")
    lines = [*facts(report), "", *markdown_table(headings, results), *notes(report)]
    if report["rounds"]:
        lines += ["", *markdown_table(PROFILE_HEADINGS, profile(report))]
    return "\n".join(lines)


def facts(report):
    """Machine, versions, settings: a line each."""
    machine, versions, settings = report["machine"], report["versions"], report["settings"]
    rows = settings["rows"]
    service = ", ".join(f"{name}={value}" for name, value in settings["service"].items())
    database = ", ".join(f"{name} = {value}" for name, value in settings["postgresql"].items())
    return [
        f"- {report['began']}, commit {versions['commit']}",
        f"- {machine['processor']}, {machine['processors']} processors, {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}; others kept {report['busy_before']:.2f} processors busy before "
        "the run; generators, NGINX, workers and PostgreSQL share the processors",
        f"- PostgreSQL {versions['postgresql']}, NGINX {versions['nginx']}, libmicrohttpd "
        f"{versions['libmicrohttpd']}, wrk {versions['wrk']}",
        f"- {rows['products']:,} products, {rows['questions']:,} questions, {rows['answers']:,} "
        f"answers, {rows['answers_photos']:,} photos, {report['data_gib']} GiB in the cluster, read into "
        f"the file cache and PostgreSQL's buffers beforehand; a hot page has {report['page_bytes']:,} bytes "
        f"on average, compressed {report['gzip_bytes']:,}, and so have the files",
        f"- {settings['rounds']} rounds, {settings['seconds']:g} s a run, the constant rate "
        f"{settings['headline_rate']:,}/s for {settings['headline_seconds']:g} s; "
        f"{settings['read_connections']} connections for reads, {settings['write_connections']} for "
        f"writes, {settings['pgbench_clients']} pgbench clients; {settings['workers']} workers",
        f"- PostgreSQL: {database}" + (f"; service: {service}" if service else ""),
        *noise_facts(report)]


def noise_facts(report):
    """How even the rounds were, and which were run again."""
    if not report["rounds"]:
        return
    rates = " ".join(number(rate) for rate in bare_rates(report["rounds"]))
    repeated = "; ".join(f"round {each['round']} was run again, since it had {number(each['rate'])} where "
                         f"the best had {number(each['best'])}" for each in report["repeats"])
    noisy = noisiest(report["rounds"])
    yield (f"- bare files a second in each round: {rates}; {repeated or 'no round was run again'}"
           + ("" if noisy is None else f"; round {noisy + 1} is still noisy"))


def overload_note(row):
    refused = (f"{row['refused']:,.0f} requests were refused with 503, 99 % of them within "
               f"{row['refusal_p99_ms']:.1f} ms" if row["refused"] else "none was refused")
    well = (f"not all was well in the {AFTER_S} s after the end" if row["recovered_s"] is None else
            f"all was well {row['recovered_s']:.2f} s after the end")
    return (f"Overload: of {row['offered']:,.0f}/s offered, {row['sent']:,.0f}/s found a connection; "
            f"{refused}; {well}.")


def viral_note(row):
    return (f"Large groups: {row['writes']:,.0f} votes and additions a second; p99 of the hundredth page "
            f"{row['hundredth_p99_ms']:.1f} ms, of other products' pages {row['other_p99_ms']:.1f} ms.")


def table_note(name, figures):
    sizes = [each[name] for each in figures if name in each]
    return f"{name}: " + ", ".join(f"{each['mib']:,.0f} MiB with {each['rows']:,} rows and "
                                   f"{each['dead_rows']:,} dead ones" for each in sizes)


def steady_note(row):
    tables = "; ".join(table_note(name, row["tables"]) for name in row["tables"][0])
    bare = " and ".join(number(rate) for rate in row["bare_rates"])
    median_ms, worst_ms = number(row["minute_p99_ms"], ".1f"), number(row["worst_p99_ms"], ".1f")
    return (f"Mixed traffic of {row['minutes']} minutes: p99 of a minute {median_ms} ms (median), {worst_ms} ms "
            f"(worst). Before it, after it, and after the random products: {tables or 'no tables'}. Bare files "
            f"a second before and after all: {bare}.")


def bare_note(row):
    ratios = ", ".join(number(ratio, ".2f") for ratio in row["bare_ratios"])
    return (f"{row['title'].capitalize()}: {ratios} of a bare file, which NGINX keeps open and sends without a log and "
            "headers of ours.")


def notes(report):
    """What the table has no column for."""
    lines = [""]
    for row in report["rows"]:
        if row["name"] == "overload":
            lines.append(overload_note(row))
        if row["name"] == "viral":
            lines.append(viral_note(row))
        if row["name"] == "steady":
            lines.append(steady_note(row))
        if row.get("bare_ratios"):
            lines.append(bare_note(row))
        if row.get("private_mib"):
            lines.append(f"Memory of a worker's own with a full cache: {row['private_mib']:.1f} MiB at most.")
        if row["failed"]:
            lines.append(f"{row['title']}: failures {row['failures']}.")
    return lines


def middle_result(report, name, key):
    """The result of the round whose `key` is the median one."""
    results = sorted((each[name] for each in report["rounds"] if name in each), key=key)
    return results[len(results) // 2] if results else None


def table(report):
    lines = ["<table><thead><tr>" + "".join(f"<th>{heading}</th>" for heading in HEADINGS)
             + "</tr></thead><tbody>"]
    for row in report["rows"]:
        title, *figures, verdict = map(escape, cells(row))
        limit = escape(row["limit_title"])
        lines.append(
            f"<tr><td>{title}<small>{limit}</small></td>"
            + "".join(f'<td class="number">{figure}</td>' for figure in figures)
            + f'<td class="{"met" if verdict == "met" else "missed"}">{verdict}</td></tr>')
    return "".join(lines) + "</tbody></table>"


def profile_table(report):
    lines = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f'<td class="number">{figure}</td>' for figure in figures) + "</tr>"
        for name, *figures in profile(report))
    name, *parts = PROFILE_HEADINGS
    headings = "".join(f'<th class="number">{part}</th>' for part in parts)
    return (f"<table><thead><tr><th>{name}</th>{headings}</tr></thead>"
            f"<tbody>{lines}</tbody></table>")


def with_text_keys(result):
    """Percentiles as JSON has them, whether the result comes from a file or from this run."""
    return {str(key): with_text_keys(value) if isinstance(value, dict) else value
            for key, value in result.items()}


def sections(report):
    """Title, explanation and plot of each."""
    compared = [row for row in report["rows"] if row["ratio"] is not None]
    if compared:
        yield ("Throughput beside its limit",
               "Each pair has a scale of its own. The limit ran in the same minutes on the same "
               "processors; the figure is the median of the rounds' ratios.", plots.ratios(compared))
    headline = middle_result(report, "headline", lambda each: each["percentiles_ms"].get(99.0, 0))
    if headline and headline["percentiles_ms"]:
        curves = {"all": headline["percentiles_ms"], **headline["percentiles_ms_by_kind"]}
        yield ("Latency distribution",
               f"{headline['offered']:,} requests a second at a constant rate: 90 % reads (Zipf), 8 % votes, "
               "1 % questions, 1 % answers. Each latency counts from the moment at which the request "
               f"was due. The line is the bar: 99 % within {P99_MS_BAR} ms.",
               plots.distribution(with_text_keys(curves), P99_MS_BAR))
    overload = middle_result(report, "overload", lambda each: each["rate"] / each["best"])
    if overload:
        steps = [with_text_keys(step) for step in overload["ladder"] if step["percentiles_ms"]]
        yield ("Latency over offered load",
               "Random products at a constant rate with the cache off, successful answers only. "
               + "".join(overload_note(row) for row in report["rows"] if row["name"] == "overload"),
               plots.latency_over_load(steps, overload["best"]))
    yield ("Where the processors' time goes",
           "Processors in use, on average, by the parts of the stack and by the load generator. Below, "
           "the processor time of one answer in µs: medians of the rounds. The rest is idle or the "
           "kernel's own. NGINX and workers are those that were measured, also the files' and the peer's.",
           plots.processors(report["rows"], report["machine"]["processors"]) + profile_table(report))


def html_page(report):
    met = sum(row["verdict"] == "met" for row in report["rows"])
    lines = "".join(f"<li>{escape(fact[2:])}</li>" for fact in facts(report))
    body = "".join(f"<section><h2>{title}</h2><p>{escape(said)}</p>{plot}</section>"
                   for title, said, plot in sections(report))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Atelier Q&amp;A: benchmark</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>
<body><main><h1>Atelier Q&amp;A: benchmark</h1>
<p class="lead">{met} of {len(report["rows"])} bars met.</p>
<section>{table(report)}</section>{body}
<section><h2>How it was measured</h2><ul>{lines}</ul></section></main></body></html>
"""
