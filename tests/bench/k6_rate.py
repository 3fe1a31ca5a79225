#!/usr/bin/env python3
"""How fast can k6 itself be on this machine? Runs k6/load.js at rising constant rates against the
stack that is running (`make start`: QA_STATE_DIR, PORT), and tells what arrived and who used the
processors meanwhile. Ends with the first rate that k6 could not keep.

    tests/bench/k6_rate.py [RATE]...

Environment: DURATION of each run (20s), and that of k6/load.js: PRODUCTS, POPULARITY, VUS."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from cpu import cpu_seconds
from product_stack import ProductStack
from settings import CHECKOUT

RATES = [1000, 2000, 3000, 4000, 5000, 6000, 8000, 10000]
KEPT = 0.99  # of the rate
PARTS = ("generator", "nginx", "workers", "postgresql")
HEADINGS = ("offered", "sent", "dropped", "failed", "p50 ms", "p95 ms", "p99 ms", "k6", "NGINX",
            "workers", "PostgreSQL", "k6's µs a request")
JUDGED_HERE = {"P95_MS": "60000", "P99_MS": "60000"}


def run_k6(stack, rate):
    """k6's summary, seconds of processor time of each part, duration."""
    with tempfile.TemporaryDirectory() as folder:
        before, began = cpu_seconds(stack.pids()), time.monotonic()
        result = subprocess.run(
            [CHECKOUT / "scripts/k6.sh", "load"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False,
            env={**os.environ, **JUDGED_HERE, "BASE_URL": stack.base_url, "SUMMARY_DIR": folder,
                 "RATE": str(rate), "DURATION": os.environ.get("DURATION", "20s")})
        after, seconds = cpu_seconds(stack.pids()), time.monotonic() - began
        try:
            summary = json.loads((Path(folder) / "load.json").read_text())
        except FileNotFoundError:
            sys.exit(result.stdout)
    return summary, {part: after[part] - before[part] for part in PARTS}, seconds


def row_of(rate, summary, used, seconds):
    def value(metric, figure):
        return summary["metrics"].get(metric, {"values": {}})["values"].get(figure, 0)
    latency = "http_req_duration{part:run}"
    requests = value(latency, "count")
    if not requests:
        sys.exit("k6 sent nothing: is there data in the stack?")
    sent = requests / summary["plan"]["duration"]
    cells = [f"{rate:,}", f"{sent:,.0f}", f"{value('dropped_iterations', 'count'):,}",
             f"{value('http_req_failed', 'rate'):.2%}",
             *(f"{value(latency, figure):.2f}" for figure in ("med", "p(95)", "p(99)")),
             *(f"{used[part] / seconds:.2f}" for part in PARTS),
             f"{1e6 * used['generator'] / requests:.0f}"]
    return sent, cells


def main():
    rates = [int(rate) for rate in sys.argv[1:]] or RATES
    state = Path(os.environ.get("QA_STATE_DIR", CHECKOUT / ".local")).resolve()
    stack = ProductStack(SimpleNamespace(state=state, products=0,
                                         port=int(os.environ.get("PORT", "8080"))))
    if not all(stack.pid_of(part) for part in ("nginx", "service")):
        sys.exit(f"Nothing runs in {state}: make start")
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|", flush=True)
    for rate in rates:
        sent, cells = row_of(rate, *run_k6(stack, rate))
        print("| " + " | ".join(cells) + " |", flush=True)
        if sent < KEPT * rate:
            break


if __name__ == "__main__":
    main()
