#!/usr/bin/env python3
"""Manual pages from the declarations of the commands: man.py BIN FOLDER [PROGRAM...] writes
FOLDER/{valise,...}.1.

What a program says of itself comes from its own help (`--experimental-dump-help`), the table of exit codes from
Docs/CLI.md, which a test compares with the sources."""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("valise", "valise-relay", "valise-audit")
ENVIRONMENT = {
    "valise": [
        ("VALISE_HOME", "The desk's folder, unless --home or --profile names another."),
        ("XDG_DATA_HOME", "Where desks lie otherwise: $XDG_DATA_HOME/valise, and profiles/NAME in it. By default "
                          "~/.local/share."),
        ("XDG_RUNTIME_DIR", "Where the socket of valise unlock is."),
        ("VISUAL, EDITOR", "The editor for composing."),
        ("NO_COLOR", "Any value turns colour off. There is none off a terminal anyway."),
        ("TZ", "The zone of local times."),
    ],
    "valise-relay": [
        ("VALISE_RELAY_CONFIG", "The settings file of serve and config, unless --config names another."),
        ("VALISE_RELAY_KEY", "The setting KEY, its name in capitals with _ for -: VALISE_RELAY_HEALTH_PORT. A flag goes "
                             "before it, and it goes before the settings file. valise-relay config keys lists them."),
        ("CREDENTIALS_DIRECTORY", "Where keys are looked for before the folder that --keys names (systemd)."),
        ("NOTIFY_SOCKET", "Where the service manager is told that the relay is ready, reloads, stops and is alive."),
        ("WATCHDOG_USEC, WATCHDOG_PID", "How long the service manager waits for a sign of life, in microseconds, and "
                                        "of which process (sd_watchdog_enabled(3))."),
    ],
    "valise-audit": [
        ("VALISE_HOME", "The desk of the auditor's delegate, unless --home or --profile names another."),
        ("CREDENTIALS_DIRECTORY", "Where a witness's key is looked for before the folder that --keys names (systemd)."),
        ("NOTIFY_SOCKET", "Where the service manager is told that the witness is ready."),
        ("NO_COLOR", "Any value turns colour off. There is none off a terminal anyway."),
    ],
}
SEE_ALSO = "The files under Docs: CLI.md (documents of --json, error codes), Specification.md, ThreatModel.md."


def roff(text):
    """Text as roff prints it, line by line."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("\u2019", "'")
    text = re.sub(r"~", r"\\(ti", text)
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.split("\n"))


def paragraphs(text):
    return "\n.PP\n".join(roff(part.strip()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip())


def name_of(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def term(argument):
    """How an argument is written, in bold and italics."""
    if argument["kind"] == "positional":
        return "\\fI" + roff(argument["valueName"]) + "\\fR" + ("..." if argument["isRepeating"] else "")
    names = sorted((name_of(name) for name in argument.get("names") or []), key=len)
    text = ", ".join("\\fB" + roff(name) + "\\fR" for name in names)
    return text + (" \\fI" + roff(argument["valueName"]) + "\\fR" if argument["kind"] == "option" else "")


def synopsis(path, command):
    words = ["\\fB" + roff(" ".join(path)) + "\\fR"]
    if visible(command.get("subcommands")):
        words.append("\\fIcommand\\fR")
    for argument in shown(command):
        if argument["kind"] == "positional":
            word = "\\fI" + roff(argument["valueName"]) + "\\fR" + (" ..." if argument["isRepeating"] else "")
        else:
            word = term({**argument, "names": [argument["preferredName"]]}) + (" ..." if argument["isRepeating"] else "")
        words.append("[" + word + "]" if argument["isOptional"] else word)
    return " ".join(words)


def visible(commands):
    return [c for c in commands or [] if c.get("shouldDisplay", True) and c["commandName"] != "help"]


def shown(command):
    return [a for a in command.get("arguments") or []
            if a.get("shouldDisplay", True) and a.get("preferredName", {}).get("name") not in ("help", "version")]


def options(arguments):
    lines = []
    for argument in arguments:
        text = argument.get("abstract") or ""
        if argument.get("discussion"):
            text += "\n" + argument["discussion"]
        default = argument.get("defaultValue")
        if default and argument["kind"] != "flag":
            text += f" Default: {default}."
        lines += [".TP", term(argument), roff(text.strip() or "No description.")]
    return lines


def walk(command, path=()):
    path = (*path, command["commandName"])
    yield path, command
    for below in visible(command.get("subcommands")):
        yield from walk(below, path)


def common(commands):
    """The options that at least half of the commands share, word by word."""
    counts = {}
    leaves = [command for _, command in commands if not visible(command.get("subcommands"))]
    for command in leaves:
        for argument in shown(command):
            if argument["kind"] != "positional":
                key = json.dumps(argument, sort_keys=True)
                counts[key] = counts.get(key, 0) + 1
    return [json.loads(key) for key, count in counts.items() if 2 * count >= len(leaves) > 1]


def exit_codes():
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", (ROOT / "Docs/CLI.md").read_text(), re.M)
    if not rows:
        raise SystemExit("man.py: Docs/CLI.md has no table of exit codes")
    return [line for code, meaning in rows for line in (".TP", f".B {code}", roff(meaning))]


def page(root, version, date):
    name = root["commandName"]
    commands = list(walk(root))
    shared = common(commands)
    lines = [
        f'.TH {roff(name.upper())} 1 "{date}" "{name} {version}" "Valise"', ".SH NAME",
        f"{roff(name)} \\- {roff(root['abstract'].rstrip('.'))}", ".SH SYNOPSIS",
        f"\\fB{roff(name)}\\fR \\fIcommand\\fR [\\fIoptions\\fR]", ".SH DESCRIPTION",
        paragraphs(root.get("discussion") or root["abstract"]), ".SH COMMANDS"]
    for path, command in commands[1:]:
        if visible(command.get("subcommands")) and not command.get("defaultSubcommand"):
            continue
        own = [argument for argument in shown(command) if argument not in shared]
        lines += [f".SS {roff(' '.join(path))}", synopsis(path, {**command, "arguments": own, "subcommands": []}),
                  ".PP", paragraphs(command.get("abstract") or "")]
        if command.get("discussion"):
            lines += [".PP", paragraphs(command["discussion"])]
        lines += options(own)
    if shared:
        lines += [".SH COMMON OPTIONS", "Most commands take these as well:"] + options(shared)
    lines += [".SH ENVIRONMENT"]
    for variable, meaning in ENVIRONMENT[name]:
        lines += [".TP", f".B {variable}", roff(meaning)]
    lines += [".SH EXIT STATUS", *exit_codes(), ".SH SEE ALSO"]
    lines += [f".BR {roff(other)} (1)" + ("," if other != others(name)[-1] else "") for other in others(name)]
    lines += [".PP", roff(SEE_ALSO)]
    return "\n".join(lines) + "\n"


def others(name):
    return [program for program in PROGRAMS if program != name]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL).stdout


def main():
    binaries, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        date = output("git", "-C", str(ROOT), "log", "-1", "--format=%cs").strip()
    except subprocess.CalledProcessError:
        date = "2026-11-22"
    programs = sys.argv[3:] or PROGRAMS
    for program in programs:
        root = json.loads(output(str(binaries / program), "--experimental-dump-help"))["command"]
        version = output(str(binaries / program), "--version").strip()
        (folder / f"{program}.1").write_text(page(root, version, date))
    print(f"man: {len(programs)} pages in {folder}")


if __name__ == "__main__":
    main()
