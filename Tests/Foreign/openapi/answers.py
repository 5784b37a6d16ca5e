#!/usr/bin/env python3
"""What a run was answered: answers.py DOCUMENT FILE... Each operation of the document must have been answered with a
success, and each of its problem codes must have been met but for those that a healthy relay does not answer here. A run
that reached nothing would pass each check of a single answer.
"""
import collections
import json
import pathlib
import sys

import yaml

# Why a code need not come: what it would take.
ELSEWHERE = {
    "too-slow": "reserved", "internal": "a fault", "storage-failed": "a fault", "storage-low": "a full disk",
    "draining": "a relay that stops", "unavailable": "a fault", "clock-behind": "a clock that steps", "busy": "load",
    "overloaded": "load", "drafts-full": "64 drafts",
    "quota-exceeded": "10000 messages", "erased": "a message that is past its retention",
    "bad-signature": "such a sender is not authenticated", "wrong-tick": "an act of the relay's",
    "not-due": "an act of the relay's",
}
METHODS = ("get", "post", "put", "patch", "delete", "head")


def main():
    document = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text())
    answers = collections.Counter()
    for name in sys.argv[2:]:
        answers.update(json.loads(pathlib.Path(name).read_text()))
    wanted = {item[method]["operationId"]: item[method] for item in document["paths"].values()
              for method in METHODS if method in item}
    met = collections.defaultdict(set)
    for key in answers:
        operation, status, *_ = key.split()
        met[operation].add(status)
    breaches = [f"{name}: never answered with a success" for name in wanted
                if not any(status.startswith("2") for status in met[name])]
    codes = set(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    seen = {key.split()[2] for key in answers if len(key.split()) == 3}
    breaches += [f"{code}: never met" for code in sorted(codes - seen - set(ELSEWHERE))]
    breaches += [f"{code}: is no code of the document" for code in sorted(set(ELSEWHERE) - codes)]
    for breach in breaches:
        print(breach)
    pairs = sum(len(operation["responses"]) for operation in wanted.values())
    covered = sum(len(met[name] & set(operation["responses"])) for name, operation in wanted.items())
    print(f"answers: {answers.total()} to {len(wanted)} operations; {covered} of {pairs} documented statuses and "
          f"{len(seen & codes)} of {len(codes)} codes were met; {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
