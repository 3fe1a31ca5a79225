#!/usr/bin/python3
"""Compares the system calls that were made with those that a systemd unit's filter allows:

    calls.py UNIT DIR

DIR has what launch.py --calls wrote. For each of systemd's groups, prints the calls of this processor that were made,
how often, and those that are allowed and were not made. Exit status 1 if one was made that is not allowed."""

import re
import sys
from pathlib import Path

import seccomp

from launch import allowed_calls, names_of, read_unit

ROW = re.compile(r"^ +(\d+) +(?:\d+ +)?(\w+)$", re.MULTILINE)  # calls, perhaps errors, name
# A call is told with the first group that has it.
GROUPS = ["@default", "@basic-io", "@file-system", "@io-event", "@network-io", "@ipc", "@process", "@signal", "@sync",
          "@timer", "@aio", "@chown", "@keyring", "@memlock", "@pkey", "@privileged", "@resources", "@setuid"]


def calls_made(folder):
    made = {}
    for file in Path(folder).glob("*.calls"):
        for count, name in ROW.findall(file.read_text(encoding="ascii")):
            if name != "total":
                made[name] = made.get(name, 0) + int(count)
    return made


def exists(name):
    """Whether this processor has a call."""
    return seccomp.resolve_syscall(seccomp.Arch(), name) >= 0


def compare(unit, folder):
    made = calls_made(folder)
    if not made:
        sys.exit(f"calls.py: nothing was traced in {folder}")
    allowed = set(filter(exists, allowed_calls(read_unit(unit)["SystemCallFilter"])))
    left = allowed
    for group in [*GROUPS, "in no group"]:
        members = left & names_of(group) if group in GROUPS else left
        left = left - members
        used, unused = sorted(members & made.keys()), sorted(members - made.keys())
        if members:
            print(f"{group}: {len(used)} of {len(members)} made")
        if used:
            print("    made:", *(f"{name} ({made[name]})" for name in used))
        if unused:
            print("    not made:", *unused)
    refused = sorted(made.keys() - allowed)
    print(f"{len(made.keys() & allowed)} of {len(allowed)} that are allowed were made; not allowed, but made:",
          *(refused or ["none"]))
    return 1 if refused else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: calls.py UNIT DIR")
    sys.exit(compare(*sys.argv[1:]))
