#!/usr/bin/env python3
"""Docs/openapi.yaml says what the source says: every route, problem code, view and bound, and none that is not there.

Reads the source as text, and the document by its indentation: nothing needs to be built or installed. Whether the relay
keeps to the document is for Tests/Scripts/openapi.sh. Prints each breach; exit 1 if any.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = "Docs/openapi.yaml"
# Paths that the source computes.
COMPUTED = {
    r"\(tile.path)": ["tile/{}/{}", "tile/{}/{}.p/{}"],
    r"\(bundle.path)": ["tile/entries/{}", "tile/entries/{}.p/{}"],
}
# Where a bound stands in the source, and the operation and parameter that has it in the document.
BOUNDS = [
    ("Sources/Wire/Route.swift", r"longestWait = (\d+)", "inbox", "wait", "maximum"),
    ("Sources/Wire/Route.swift", r"mostArrivals = (\d+)", "inbox", "limit", "maximum"),
    ("Sources/Wire/Route.swift", r"usualArrivals = (\d+)", "inbox", "limit", "default"),
    ("Sources/Wire/Route.swift", r"mostMessages = (\d+)", "sent", "limit", "maximum"),
    ("Sources/Wire/Route.swift", r"mostMessages = (\d+)", "sent", "limit", "default"),
    ("Sources/Wire/ScopePage.swift", r"mostEntries = (\d+)", "scope", "limit", "maximum"),
    ("Sources/Wire/ScopePage.swift", r"mostEntries = (\d+)", "scope", "limit", "default"),
]
# Bytes of a body, as a sentence of the document says them.
SENTENCES = [
    ("statement", "DER of a SignedStatement, at most {} bytes."),
    ("verdict", "DER of a SignedVerdict, at most {} bytes."),
    ("openSignature", "DER of an OpenSignature by a signer of the draft, at most {} bytes."),
    ("draftNote", "A note of 1 to {} bytes"),
    ("acceptance", "DER of an Acceptance, at most {} bytes."),
    ("provenEntry", "DER of a ProvenEntry, at most {} bytes."),
    ("keyList", "at most {} bytes; null without a tick"),
    ("rejection", "DER of a SignedRejection, at most {} bytes"),
    ("target", "A request target has at most {} bytes"),
]


def read(name):
    return (ROOT / name).read_text()


def between(text, begin, end):
    """What stands behind a mark, up to another one."""
    rest = text[text.index(begin):]
    return rest[:rest.index(end)] if end in rest else rest


def routes():
    """(method, path) to the names of the cases of `Route`."""
    text = read("Sources/Wire/Route.swift")
    cases = re.findall(r"^    case (\w+)", between(text, "enum Route", "package var method"), re.M)
    methods = {}
    for names, method in re.findall(
            r"case ((?:\.\w+,?\s*)+):\s*\.(\w+)", between(text, "package var method", "package var target")):
        methods.update(dict.fromkeys(re.findall(r"\.(\w+)", names), method.upper()))
    found = {}
    targets = between(text, "package var target", "struct InboxQuery")
    for names, target in re.findall(r'case ((?:\.\w+(?:\([^)]*\))?,?\s*)+):\s*"([^"]*)"', targets):
        path = target.partition("?")[0]
        paths = ["/" + p for p in COMPUTED.get(path[1:], [])] or [re.sub(r"\\\(\w+\)", "{}", path)]
        for name in re.findall(r"\.(\w+)", names):
            for path in paths:
                found.setdefault((methods.get(name, "GET"), path), []).append(name)
    named = {name for names in found.values() for name in names}
    for name in set(cases) ^ named:
        yield None, f"Sources/Wire/Route.swift: what path has `{name}`?"
    for key, names in found.items():
        yield key, names[0]


def operations(text):
    """(method, path) to the operation's name and tag."""
    path, key, found = None, None, {}
    for line in between(text, "\npaths:\n", "\ncomponents:\n").splitlines():
        if match := re.match(r"  (/\S*):$", line):
            path = re.sub(r"\{\w+\}", "{}", match[1])
        elif match := re.match(r"    (get|post|put|patch|delete|head|options|trace):$", line):
            key = (match[1].upper(), path)
            found[key] = ["", ""]
        elif match := re.match(r"      (operationId|tags): \[?(\w+)", line):
            found[key][match[1] == "tags"] = match[2]
    return found


def codes():
    """Code to status, title and hint."""
    problems, rejections = read("Sources/Wire/ProblemCode.swift"), read("Sources/Statements/Rejection.swift")
    names = {}
    for text in (between(problems, "enum ServiceCode", "extension"), between(rejections, "enum RejectionCode", "}")):
        for name, raw in re.findall(r'^    case `?(\w+)`?(?: = "([^"]+)")?$', text, re.M):
            names[name] = raw or name
    rows = re.findall(r'case \.`?(\w+)`?:\s*self\.init\((\d+), "([^"]*)", "([^"]*)"\)', problems)
    found = {names.get(name, name): (status, title, hint) for name, status, title, hint in rows}
    for name in set(names.values()) ^ set(found):
        yield name, None
    yield from found.items()


def examples(text):
    """Code to status, title and hint, as the examples have them."""
    for block in re.split(r"\n    (?=[\w-]+:\n)", between(text, "\n  examples:\n", "\nnever")):
        values = dict(re.findall(r'^        (\w+): "?(.*?)"?$', block, re.M))
        if values:
            yield values.get("code"), (values.get("status"), values.get("title"), values.get("hint"))
            if not block.lstrip().startswith(f"{values.get('code')}:"):
                yield f"{block.split(':')[0].strip()} (by its name)", None


def responses(text):
    """Name, status and codes of each problem among the responses."""
    section = between(text, "\n  responses:\n", "\n  schemas:\n")
    for name, block in re.findall(r"^    (\w+):\n((?:      .*\n)+)", section + "\n", re.M):
        if status := re.search(r"status: \{const: (\d+)\}", block):
            allowed = re.search(r"code: \{enum: \[([^\]]*)\]\}", block)
            listed = allowed[1].split(", ") if allowed else re.findall(r"^ {22}- ([\w-]+)$", block, re.M)
            shown = re.findall(r"#/components/examples/([\w-]+)", block)
            yield name, status[1], listed, shown


def check_routes(text):
    documented = operations(text)
    known = {}
    for key, name in routes():
        if key is None:
            yield name
        else:
            known[key] = name
    for name in re.findall(r'case "(/\w+)":', read("Sources/Relay/HealthResponder.swift")):
        known[("GET", name)] = name[1:]
        if documented.get(("GET", name), ["", ""])[1] != "operator":
            yield f"{DOCUMENT}: {name} is the operator's"
    for method, path in sorted(set(known) - set(documented)):
        yield f"{DOCUMENT}: no {method} {path}"
    for method, path in sorted(set(documented) - set(known)):
        yield f"{DOCUMENT}: the relay has no {method} {path}"
    for (method, path), name in sorted(known.items()):
        wanted = "partial" + name.capitalize() if path.endswith(".p/{}") else name
        if (method, path) in documented and documented[(method, path)][0] != wanted:
            yield f"{DOCUMENT}: the operationId of {method} {path} is {wanted}"
    table = between(read("Docs/Specification.md"), '<a id="api"></a>', "**Message signatures.**")
    listed = {(method, re.sub(r"\{\w+\}", "{}", path.partition("?")[0]))
              for method, path in re.findall(r"^\| `([A-Z]+) (/[^`]*)`", table, re.M)}
    wanted = {key for key in known if not re.match(r"/(tile/|healthz|readyz|metrics)", key[1])}
    listed = {key for key in listed if not key[1].startswith("/tile/")}
    for method, path in sorted(wanted ^ listed):
        yield f"Docs/Specification.md: {method} {path} is in one of table and source alone"


def check_codes(text):
    known, shown, used = dict(codes()), dict(examples(text)), set()
    for code in sorted(set(known) ^ (set(shown) | {"too-slow"})):
        yield f"{DOCUMENT}: {code} is in one of source and examples alone"
    for code in sorted(set(known) & set(shown)):
        if known[code] != shown[code]:
            yield f"{DOCUMENT}: {code} is {known[code]}, not {shown[code]}"
    enumerated = re.findall(r"^            - ([\w-]+)$", between(text, "\n    Problem:\n", "\n        detail:"), re.M)
    for code in sorted(set(enumerated) ^ set(known)):
        yield f"{DOCUMENT}: {code} is in one of source and the schema of problems alone"
    for name, status, listed, examples_shown in responses(text):
        if listed != examples_shown:
            yield f"{DOCUMENT}: {name} has other examples than codes"
        if not re.search(rf"#/components/responses/{name}'", text) and name != "MethodNotAllowed":
            yield f"{DOCUMENT}: no operation answers {name}"
        for code in listed:
            used.add(code)
            if known.get(code, ("",))[0] != status:
                yield f"{DOCUMENT}: {name} is {status}, and {code} is not"
    for use, name in re.findall(r"'(\d{3})': \{\$ref: '#/components/responses/(\w+)'\}", text):
        defined = {n: s for n, s, _, _ in responses(text)}.get(name)
        if defined and defined != use:
            yield f"{DOCUMENT}: {name} is {defined}, and is referred to as {use}"
    for code in sorted(set(known) - used - {"too-slow"}):
        yield f"{DOCUMENT}: no response has {code}"


def check_views(text):
    known = set()
    for path in [*(ROOT / "Sources/Wire").glob("*.swift"), ROOT / "Sources/Relay/Readiness.swift"]:
        known.update(re.findall(r'schema = "(valise/[\w/-]+)"', path.read_text()))
    for schema in sorted(known ^ set(re.findall(r"schema: \{const: (valise/[\w/-]+)\}", text))):
        yield f"{DOCUMENT}: {schema} is in one of source and document alone"


def check_bounds(text):
    for file, pattern, operation, parameter, key in BOUNDS:
        value = re.search(pattern, read(file))[1]
        block = between(text + f"operationId: {operation}\n", f"operationId: {operation}\n", "responses:")
        said = re.search(rf"name: {parameter}\n(?:.*\n)*?.*schema: .*\b{key}: (\d+)", block)
        if not said or said[1] != value:
            yield f"{DOCUMENT}: {operation}: {parameter} has the {key} {value}"
    limits = read("Sources/Wire/ByteLimit.swift")
    bounds = read("Sources/Statements/Bounds.swift")
    flat = re.sub(r"\s+", " ", text)
    for name, sentence in SENTENCES:
        value = re.search(rf"static let {name} = ([\w.]+)", limits)[1]
        if value.startswith("Bounds."):
            value = re.search(rf"static let {value[7:]} = ([\d_]+)", bounds)[1]
        if sentence.format(value.replace("_", "")) not in flat:
            yield f"{DOCUMENT}: does not say: {sentence.format(value.replace('_', ''))}"


def main():
    text = read(DOCUMENT)
    breaches = [*check_routes(text), *check_codes(text), *check_views(text), *check_bounds(text)]
    for breach in breaches:
        print(breach)
    print(f"openapi: {len(operations(text))} operations, {len(dict(codes()))} codes, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
