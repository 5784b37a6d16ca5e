#!/usr/bin/env python3
"""Compares the system calls of a run with a unit's filter: syscalls.py UNIT STRACE-NAMES.

Names the calls that SystemCallFilter= would refuse. None may be among them but those that the program tries and can do
without."""
import re
import subprocess
import sys

# Refused with EPERM, and expected to be: threads' priorities, which the runtime asks for and goes on without, and what
# SQLite does as root alone, whatever comes of it.
DISPENSABLE = {"fchown", "sched_setscheduler", "sched_setparam", "setpriority", "sched_setaffinity", "prlimit64"}


def members(name):
    """The system calls of a set, with those of the sets in it."""
    lines = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True,
                           text=True).stdout.splitlines()[1:]
    found = set()
    for word in (line.strip() for line in lines):
        if word.startswith("@"):
            found |= members(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def main():
    allowed = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", open(sys.argv[1]).read(), re.M):
        named = set()
        for word in value.lstrip("~").split():
            named |= members(word) if word.startswith("@") else {word}
        allowed = allowed - named if value.startswith("~") else allowed | named
    called = {line.strip() for line in open(sys.argv[2]) if re.fullmatch(r"\s*[a-z][a-z0-9_]*\s*", line)}
    called -= {"syscall", "total"}
    if len(called) < 20:
        raise SystemExit(f"only {len(called)} calls were seen")
    refused = called - allowed - {"execve"}
    needed = refused - DISPENSABLE
    if needed:
        print("refused:", *sorted(needed))
        return 1
    print(f"{len(called)} calls" + (f", done without: {' '.join(sorted(refused))}" if refused else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
