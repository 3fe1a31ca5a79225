"""Where the processors' time goes while something runs: NGINX, workers, PostgreSQL, generator."""

import os
import resource
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PARTS = {"nginx": "NGINX", "workers": "workers", "postgresql": "PostgreSQL",
         "generator": "load generator"}


def stat_of(pid):
    """Parent, own seconds, seconds of children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(map(int, fields[11:13])) / TICKS, sum(map(int, fields[13:15])) / TICKS


def family_seconds(main_pids):
    """Of processes, their living children, and those that have ended."""
    total = 0
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit():
                parent, own, ended = stat_of(entry)
                if int(entry) in main_pids:
                    total += own + ended
                elif parent in main_pids:
                    total += own
        except OSError:
            pass  # it has ended
    return total


def cpu_seconds(pids):
    """By part, of which `pids` has the main processes; and of the generator."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**{part: family_seconds(mains) for part, mains in pids.items()},
            "generator": children.ru_utime + children.ru_stime}


def machine_busy_seconds():
    """User, nice, system, irq, softirq and steal of all processors."""
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS
