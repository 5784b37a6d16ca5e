#!/usr/bin/env python3
"""Every relative link of the documents leads to a file, and every anchor to a heading or an explicit anchor."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
SOURCE_ANCHOR = re.compile(r"`(Docs/[\w./-]+\.md)#([\w-]+)`")


def anchors(path):
    found = set()
    for line in path.read_text().splitlines():
        heading = re.match(r"#+\s+(.*)", line)
        if heading:
            text = re.sub(r"[`*]", "", heading.group(1)).strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
        found.update(re.findall(r'<a id="([\w-]+)"', line))
    return found


def main():
    breaches = []
    pages = [p for p in [*ROOT.glob("*.md"), *ROOT.glob("Docs/**/*.md"), *ROOT.glob("Keys/*.md")] if p.is_file()]
    for page in pages:
        for target in LINK.findall(page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / name).resolve() if name else page
            if not file.exists():
                breaches.append(f"{page.relative_to(ROOT)}: no such file: {target}")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                breaches.append(f"{page.relative_to(ROOT)}: no such heading: {target}")
    for source in ROOT.glob("Sources/**/*.swift"):
        for name, anchor in SOURCE_ANCHOR.findall(source.read_text()):
            file = ROOT / name
            if not file.exists() or anchor not in anchors(file):
                breaches.append(f"{source.relative_to(ROOT)}: no such heading: {name}#{anchor}")
    for breach in breaches:
        print(breach)
    print(f"links: {len(pages)} pages, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
