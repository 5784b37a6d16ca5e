#!/usr/bin/env python3
"""Rules of style that no formatter knows: sizes, names, marks, imports. Prints each breach; exit 1 if any."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINE_CEILING = 400
WIDTH = 120
TOP = {
    "Package.swift", "Sources", "Tests", "Keys", "Docs", "README.md", "Makefile", ".ci", ".gitignore", ".swift-format",
    "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Packaging", ".dockerignore",
}
PURE = {"Wording", "Ledger", "Statements", "Rules", "Envelope", "Sealing"}
IMPURE_IMPORTS = {"Glibc", "Foundation", "NIOCore", "NIOPosix", "GRDB", "Hummingbird", "Logging", "Dispatch"}
# Sealing runs on all cores; what it computes stays a function of its input.
ALLOWED_IMPORTS = {("Sealing", "Dispatch")}
MARKS = re.compile(r"TODO|FIXME|\bXXX\b|\btry!|fatalError\(|@unchecked Sendable|nonisolated\(unsafe\)|\.disabled\(|withKnownIssue")
REASON = re.compile(r"//.*\b(because|since|so that|owns|guards?|only|locked|immutable|safe)\b", re.I)
BAD_NAMES = re.compile(r"(Utils?|Helpers?|Common|Manager)\.swift$")


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
        check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def main():
    breaches = []
    files = tracked()
    for path in files:
        relative = path.relative_to(ROOT)
        if relative.parts[0] not in TOP:
            breaches.append(f"{relative}: not one of the top-level names")
        if path.suffix != ".swift":
            continue
        lines = path.read_text().splitlines()
        if BAD_NAMES.search(path.name):
            breaches.append(f"{relative}: a name that says nothing")
        if len(lines) > LINE_CEILING and relative.parts[0] == "Sources":
            breaches.append(f"{relative}: {len(lines)} lines; the ceiling is {LINE_CEILING}")
        room = relative.parts[1] if relative.parts[0] == "Sources" else ""
        for number, line in enumerate(lines, 1):
            if len(line) > WIDTH:
                breaches.append(f"{relative}:{number}: over {WIDTH} columns")
            found = re.match(r"\s*(?:package |public |internal )?import (?:\w+ )?(\w+)", line)
            impure = found and room in PURE and found.group(1) in IMPURE_IMPORTS
            if impure and (room, found.group(1)) not in ALLOWED_IMPORTS:
                breaches.append(f"{relative}:{number}: a pure room imports {found.group(1)}")
            if MARKS.search(line):
                nearby = " ".join(lines[max(0, number - 4):number + 4])
                if not REASON.search(nearby):
                    breaches.append(f"{relative}:{number}: needs a reason beside it: {line.strip()[:60]}")
    for pattern in ("*.pem", "*.key"):
        for path in files:
            if path.match(pattern) and "PRIVATE KEY" in path.read_text(errors="ignore"):
                breaches.append(f"{path.relative_to(ROOT)}: a private key")
    for breach in breaches:
        print(breach)
    print(f"tidy: {len(files)} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
