"""What the caller may choose, from the environment, and what is the same in every run."""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "build/bench"
CONSTANT_RATE = CHECKOUT / "build/tools/constant_rate"
PEER = CHECKOUT / "build/tools/peer"

FULL_PRODUCTS = 1_000_011
HOT_PRODUCTS = 10_000
PAGE_COUNT = 5             # questions, or answers, of a page: what a request gets that names no count
READ_CONNECTIONS = 64      # of wrk or h2load, against the service and the files alike
WRITE_CONNECTIONS = 256    # shoppers who vote or answer at the same time
PGBENCH_CLIENTS = 8
# Of a constant rate, for each worker of the service: as many requests may be unanswered at once. More
# than a worker's queue holds, and with NGINX's own to the workers fewer than it has (16384).
CONNECTIONS_PER_WORKER = 2000
HEADLINE_RUNS = 7.5        # as long as this many other runs
VIRAL_RUNS = 2             # as long as so many other runs
OVERLOAD = 3               # times what the service can do

# How the service is set.
DEFAULT = {}
OFF = {"QA_CACHE_MB": "0"}                # no cache
PROXIED = {"QA_PAGES_IN_NGINX": "false"}  # hits are served by workers, too


@dataclass(frozen=True)
class Settings:
    seconds: float
    rounds: int
    products: int
    only: tuple
    rate: int
    steady_s: float
    port: int
    state: Path

    @property
    def headline_s(self):
        return HEADLINE_RUNS * self.seconds


def settings_from_environment():
    get = os.environ.get
    return Settings(
        seconds=float(get("BENCH_SECONDS", 8)),
        rounds=int(get("BENCH_ROUNDS", 3)),
        products=int(get("BENCH_PRODUCTS", FULL_PRODUCTS)),
        only=tuple(get("BENCH_ONLY", "").replace(",", " ").split()),
        rate=int(get("BENCH_RATE", 10_000)),
        steady_s=float(get("BENCH_STEADY_SECONDS", 1800)),
        port=int(get("PORT", 18_080)),
        state=Path(get("QA_STATE_DIR") or CHECKOUT / ".local-bench").absolute())
