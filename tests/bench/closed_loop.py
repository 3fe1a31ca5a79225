"""wrk: as many requests as a fixed number of connections can get answered, for throughput."""

import json
from pathlib import Path

from commands import output_of

SCRIPTS = Path(__file__).parent / "wrk"
THREADS = 2


def run_wrk(base_url, message, choice, count, connections, seconds):
    """One run: `rate` in answers a second, `failed` of all `requests`, percentiles."""
    output = output_of(["wrk", "-t", THREADS, "-c", connections, "-d", f"{max(1, round(seconds))}s",
                        "--timeout", "10s", "-s", "load.lua", base_url,
                        "--", message, choice, count], seconds + 60, cwd=SCRIPTS)
    told = json.loads(output.strip().splitlines()[-1])
    failures = {name: told[name] for name in ("refused", "broken", "late", "connection")}
    return {
        "rate": (told["requests"] - told["refused"]) / told["seconds"],
        "requests": told["requests"],
        "failed": sum(failures.values()),
        "failures": {name: count for name, count in failures.items() if count},
        "percentiles_ms": {float(at): ms for at, ms in told["percentiles_ms"].items()}}
