"""On which machine, with which versions and settings a benchmark ran."""

import os
import platform
import re
import time
from pathlib import Path

from commands import output_of
from cpu import machine_busy_seconds
from settings import (CHECKOUT, OVERLOAD, PAGE_COUNT, PGBENCH_CLIENTS, READ_CONNECTIONS,
                      WRITE_CONNECTIONS)

POSTGRESQL_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method",
                       "shared_buffers", "max_wal_size", "autovacuum", "max_connections")


def busy_processors(seconds=1):
    """How many processors others keep busy, before anything of ours runs."""
    before = machine_busy_seconds()
    time.sleep(seconds)
    return round((machine_busy_seconds() - before) / seconds, 2)


def describe_machine():
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    kibibytes = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1])
    return {"processor": model[1] if model else platform.machine(),
            "processors": len(os.sched_getaffinity(0)),
            "kernel": platform.release(),
            "memory_gib": round(kibibytes / 2**20, 1)}


def version_in(command, pattern=r"\d+(\.\d+)+"):
    """The first version number in what a command prints on whichever stream."""
    found = re.search(pattern, output_of(["sh", "-c", f"{command} 2>&1 || true"]))
    return found[0] if found else "unknown"


def describe_versions(stack):
    git = f"git -c safe.directory='{CHECKOUT}' -C '{CHECKOUT}'"
    commit = output_of(["sh", "-c", f"{git} rev-parse --short=12 HEAD || echo unknown"]).strip()
    if output_of(["sh", "-c", f"{git} status --porcelain --untracked-files=no || true"]):
        commit += " and changes that are not committed"
    return {"commit": commit,
            "postgresql": stack.sql("SHOW server_version").split()[0],
            "nginx": version_in("PATH=$PATH:/usr/sbin nginx -v"),
            "libmicrohttpd": version_in("pkg-config --modversion libmicrohttpd"),
            "wrk": version_in("wrk -v")}


def describe_settings(stack, settings):
    return {"rows": stack.rows,
            "workers": stack.workers(),
            "service": {name: value for name, value in sorted(os.environ.items())
                        if name.startswith("QA_") and name != "QA_STATE_DIR"},
            "postgresql": {name: stack.sql(f"SHOW {name}") for name in POSTGRESQL_SETTINGS},
            "seconds": settings.seconds, "rounds": settings.rounds,
            "headline_rate": settings.rate, "headline_seconds": settings.headline_s,
            "page_count": PAGE_COUNT, "read_connections": READ_CONNECTIONS,
            "write_connections": WRITE_CONNECTIONS, "pgbench_clients": PGBENCH_CLIENTS,
            "overload": OVERLOAD}
