#!/usr/bin/env python3
"""Compares what a relay emits with what the documents, the dashboard and the alert rules name.

metrics_agree.py SCRAPE...           the table, the dashboard and the rules name emitted metrics, and the table all of them,
                                     each with what it means and what to do
metrics_agree.py --rules FILE        writes the dashboard's queries as a rules file, for promtool to parse
"""
import json
import pathlib
import re
import sys

PLACE = pathlib.Path(__file__).resolve().parents[2] / "Docs" / "Operations"
NAME = re.compile(r"\b(?:valise|process)_[a-z_]+\b")
# Made by Prometheus itself.
FOREIGN = {"up"}


def dashboard():
    found = []
    for panel in json.loads((PLACE / "grafana.json").read_text())["panels"]:
        found += [(panel["title"], target["expr"]) for target in panel.get("targets", [])]
    return found


def expressions(rules):
    """The expressions of a rules file: a line, or the lines that are folded under `>-`."""
    lines = rules.splitlines()
    for number, line in enumerate(lines):
        match = re.match(r"\s+expr: (.*)", line)
        if not match:
            continue
        if match.group(1) != ">-":
            yield match.group(1)
            continue
        depth = len(line) - len(line.lstrip())
        folded = []
        for later in lines[number + 1:]:
            if len(later) - len(later.lstrip()) <= depth:
                break
            folded.append(later.strip())
        yield " ".join(folded)


def names(text):
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAME.findall(re.sub(r'"[^"]*"', "", text))}


def agree(paths):
    emitted = set()
    for path in paths:
        emitted |= set(re.findall(r"^# TYPE (\S+) ", pathlib.Path(path).read_text(), re.M))
    rows = [line for line in (PLACE / "metrics.md").read_text().splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in NAME.findall(row.split("|")[1])}
    types = dict(
        found for path in paths for found in re.findall(r"^# TYPE (\S+) (\S+)", pathlib.Path(path).read_text(), re.M))
    breaches = [f"the relay emits {name}, which metrics.md does not explain" for name in emitted - documented]
    breaches += [f"metrics.md explains {name}, which the relay does not emit" for name in documented - emitted]
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        explained = NAME.findall(cells[0])
        for name in explained:
            if name in types and cells[1] != types[name]:
                breaches.append(f"{name} is a {types[name]}, and metrics.md says {cells[1]}")
        if explained and (len(cells) != 4 or not all(cells)):
            breaches.append(f"the row of {explained[0]} in metrics.md lacks its type, its meaning or what to do")
    shown = set()
    for title, expression in dashboard():
        shown |= names(expression)
        breaches += [f"the panel {title} asks for {name}, which is not emitted" for name in names(expression) - emitted]
    breaches += [f"no panel shows {name}" for name in emitted - shown]
    for expression in expressions((PLACE / "alerts.yml").read_text()):
        if not names(expression) and not FOREIGN & set(re.findall(r"\w+", expression)):
            breaches.append(f"an alert names no metric: {expression}")
        breaches += [f"an alert asks for {name}, which is not emitted" for name in names(expression) - emitted]
    for breach in sorted(breaches):
        print(breach)
    print(f"{len(emitted)} metrics, {len(dashboard())} queries, {len(breaches)} breaches")
    return 1 if breaches or not emitted else 0


def rules(path):
    groups = ["groups:", "  - name: dashboard", "    rules:"]
    for number, (_, expression) in enumerate(dashboard()):
        # What Grafana puts in before it asks.
        groups += [f"      - record: panel:{number}", f"        expr: {json.dumps(expression.replace('$instance', '.+'))}"]
    pathlib.Path(path).write_text("\n".join(groups) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(rules(sys.argv[2]) if sys.argv[1:2] == ["--rules"] else agree(sys.argv[1:]))
