#!/usr/bin/env python3
"""Scripted sessions at a real terminal: the set-up of the README word by word, then every command on a wide and a
narrow terminal and in a pipe. pty_sessions.py BIN. Last line: N passed, N failed."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pty_screen import in_pipe, on_terminal  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv[1]).resolve()
PASSPHRASE = "correct horse battery staple"
DESKS = ("north", "middle", "south", "audit")
WIDE, NARROW = 120, 50
ISOLATES = re.compile("[\u2066-\u2069]")


class Count:
    passed = failed = 0


def check(name, good, detail=""):
    if good:
        Count.passed += 1
        print(f"  ok    {name}")
        return
    Count.failed += 1
    print(f"  FAIL  {name}")
    for line in str(detail).splitlines()[:30]:
        print(f"          {line}")


def note(text):
    """With VALISE_TRANSCRIPT=FILE everything that was seen is kept, to be read by a person."""
    if "VALISE_TRANSCRIPT" in os.environ:
        with open(os.environ["VALISE_TRANSCRIPT"], "a", encoding="utf-8") as file:
            file.write(text + "\n")


class World:
    """A folder in which a person tries the programs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="valise-pty-"))
        self.relay = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder / "home"), "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8", "TZ": "Asia/Beirut", "SWIFT_BACKTRACE": "enable=no"}
        (self.folder / "home").mkdir()

    def terminal(self, line, columns=WIDE, answers=(), stop=None, **more):
        environment = {**self.environment, **more}
        session = on_terminal(["bash", "-c", line], columns, answers, environment, self.folder, stop=stop)
        note(f"$ {line}   [{columns}]\n{session.text}\n")
        broken = session.screen.broken_words
        check(f"{line.strip().splitlines()[0][:60]} ({columns} columns): no word is broken that fits", not broken,
              "\n".join(broken))
        other = [asked for asked in re.findall(r".*assphrase.*: *$", session.text, re.M)
                 if not re.search(r"(^|\] )(P|New p)assphrase of [a-z]+/[a-z]+:", asked)]
        check(f"{line.strip().splitlines()[0][:60]}: a passphrase is asked for by whose it is", not other, other)
        return session

    def pipe(self, line, **more):
        return in_pipe(["bash", "-c", line], {**self.environment, **more}, self.folder)

    def serve(self, line):
        log = open(self.folder / "relay.log", "wb")
        self.relay = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=self.folder, env=self.environment, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True)
        for _ in range(100):
            if b'"serving"' in (self.folder / "relay.log").read_bytes():
                return True
            time.sleep(0.1)
        return False

    def close(self):
        for desk in DESKS:
            self.pipe(f"valise lock --profile {desk}")
        if self.relay:
            self.relay.kill()
            self.relay.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def readme_blocks():
    section = (ROOT / "README.md").read_text().split("## Setting up by hand", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```", section, re.M | re.S)
    return [re.sub(rf"(?m)^{indent}", "", block) for indent, block in blocks]


def set_up(world):
    """The README as it stands, with another port; every question is answered at the terminal."""
    blocks = [block.replace("8443", str(world.port)) for block in readme_blocks()]
    check("the README has six steps", len(blocks) == 6, blocks)
    made = world.terminal(f"set -e\n{blocks[0]}", answers=[PASSPHRASE] * 8)
    check("README 1: keys are made, each passphrase is asked for twice", made.code == 0, made.text)
    check("the passphrase is not shown", PASSPHRASE not in made.text, made.text)
    check("README 1: the cards are in their files", all((world.folder / f"{desk}.card").stat().st_size for desk in DESKS))
    signed = world.terminal(f"set -e\n{blocks[1]}", answers=[PASSPHRASE] * 4)
    check("README 2: the charter is compiled, signed and collected", signed.code == 0, signed.text)
    check("every step names the next", signed.text.count("Next") >= 6, signed.text)
    check("for another desk it is in quotation marks", 'on every desk: "valise join charter.signed"' in signed.text,
          signed.text)
    founded, served = blocks[2].strip().splitlines()
    check("README 3: the relay is founded", world.terminal(founded).code == 0)
    check("README 3: the relay serves", world.serve(served))
    joined = world.terminal(f"set -e\n{blocks[3]}", answers=["yes", PASSPHRASE] * 4)
    check("README 4: everyone joins and publishes", joined.code == 0, joined.text)
    check("the fingerprint is shown before the question", "Fingerprint" in joined.text, joined.text)
    check("to join is followed by publishing", all(
        f"Next: valise keys publish --profile {desk}," in joined.text for desk in DESKS), joined.text)
    again = world.terminal("valise join charter.signed --yes --profile north")
    check("and by the parties once keys are published", "Next: valise parties --profile north" in again.text, again.text)
    message, read = "", []
    for line in blocks[4].strip().splitlines():
        done = world.terminal(line.replace("MESSAGE", message), answers=[PASSPHRASE])
        check(f"README 5: {line[:70]}", done.code == 0, done.text)
        found = re.search(r"\b([a-z2-7]{12})\b", done.text) if " inbox " in line else None
        message = found[1] if found else message
        read += [done.text] if " read " in line else []
    check("README 5: question and answer arrived",
          len(read) == 2 and "Shall we meet?" in read[0] and "Yes, on Monday." in read[1], read)
    follow = next(line for line in blocks[5].splitlines() if " follow " in line)
    audited = world.terminal(f"set -e\n{blocks[5].replace(follow, '')}", answers=[PASSPHRASE])
    check("README 6: the audit is content", audited.code == 0 and "verdict: the log is consistent" in audited.text,
          audited.text)
    # Something new for the follower to tell of.
    check("a message to follow", world.terminal("echo later | valise send --profile north --to middle -",
                                                answers=[PASSPHRASE]).code == 0)
    followed = world.terminal(follow, answers=[PASSPHRASE], stop=rb"entries verified")
    check("README 6: the log is followed until it is stopped",
          followed.code == 0 and "entries verified" in followed.text, followed.text)


def clean(name, session, columns):
    """What holds of everything that is printed anywhere."""
    if session.screen is None:
        check(f"{name}: no escapes, carriage returns or isolates in a pipe",
              b"\x1b" not in session.raw and b"\r" not in session.raw and not ISOLATES.search(session.text),
              session.text)
    else:
        check(f"{name}: only colours and redrawn lines ({columns})", not session.screen.strange, session.screen.strange)


def everywhere(world, name, line, *patterns, code=0, answers=(), pipe=True):
    """The same command on both terminals and in a pipe: exit code, what is printed, and how."""
    sessions = [(columns, world.terminal(line, columns, answers)) for columns in (WIDE, NARROW)]
    if pipe:
        sessions.append((None, world.pipe(line)))
    for columns, session in sessions:
        if columns is None:
            note(f"$ {line}   [pipe]\n{session.text}\n")
        place = f"{columns} columns" if columns else "a pipe"
        check(f"{name} ({place}): exit code {code}", session.code == code, f"{session.code}\n{session.text}")
        for pattern in patterns:
            check(f"{name} ({place}): {pattern}", re.search(pattern, session.words), session.text)
        clean(name, session, columns)
    return sessions


def without_relay(world):
    """Commands on files and desks."""
    everywhere(world, "valise alone", "valise", "Three commands", "valise help COMMAND", "This desk")
    for program in ("valise", "valise-relay", "valise-audit"):
        everywhere(world, f"{program} --help", f"{program} --help", f"USAGE: {program}")
    everywhere(world, "keys show", "valise keys show --profile north", "north/lead")
    everywhere(world, "charter show", "valise charter show charter.signed", "A trial", "Fingerprint", "north")
    everywhere(world, "charter verify", "valise charter verify charter.signed", "good: every founding party has signed")
    everywhere(world, "an unsigned charter", "valise charter verify charter.der", r"\[charter-unsigned\]", code=2)
    everywhere(world, "parties", "valise parties --profile north", "south", "through middle|middle", "intermediary")
    everywhere(world, "a desk without keys", "valise inbox --profile nobody", r"\[no-keys\]",
               "hint: valise keys new --profile nobody --party PARTY", code=4)
    (world.folder / "emptied.card").write_text("")
    again = world.pipe("valise keys new --profile north --party north --delegate lead >emptied.card")
    check("keys new over keys names the way back to the card", again.code == 3
          and "hint: valise keys show --profile north -o FILE --overwrite" in again.err, again.text)
    shown = world.terminal("valise keys show --profile north -o emptied.card --overwrite", NARROW)
    check("which works", shown.code == 0 and (world.folder / "emptied.card").read_text()
          == (world.folder / "north.card").read_text(), shown.text)
    everywhere(world, "keys new over a card's file", "valise keys new --profile n2 --party n --delegate d --out north.card",
               r"\[file-exists\]", "--overwrite", code=3)
    check("and no keys were made", not (world.folder / "home/.local/share/valise/profiles/n2/keys").exists())
    (world.folder / "my charter.der").write_bytes((world.folder / "charter.der").read_bytes())
    everywhere(world, "a name with a space is quoted in a hint",
               "valise charter verify --profile north nothing; valise join 'my charter.der' --profile north",
               r"valise charter collect --profile north 'my charter\.der' SIGNATURES", code=2)
    everywhere(world, "compile over a file", "valise charter compile charter.yaml -o charter.der",
               r"\[file-exists\]", "--overwrite", code=3)
    broken = (world.folder / "charter.yaml").read_text().replace("{threshold: 1}", "{threshold: 7}")
    (world.folder / "broken.yaml").write_text(broken)
    everywhere(world, "a finding has its line", "valise charter compile broken.yaml -o broken.der",
               r"broken\.yaml:\d+: stewards\.threshold: 7 of 1", r"\[charter-stewards\]", "correct it", code=2)
    for program, line in [("valise", "valise join charter.der --profile north"),
                          ("valise-relay", "valise-relay init --charter charter.der --data d --keys relay-keys"),
                          ("valise-audit", "valise-audit verify --charter charter.der --mirror mirror")]:
        everywhere(world, f"{program}: a charter without signatures", line, r"\[charter-unsigned\]", code=2)
        everywhere(world, f"{program}: no charter", line.replace("charter.der", "none"), r"\[file-missing\]", code=4)
    everywhere(world, "relay keys over keys", "valise-relay keys new --out relay-keys --url https://localhost",
               r"\[key-file-exists\]", code=3)
    everywhere(world, "relay init over a log",
               "valise-relay init --charter charter.signed --data relay-2 --keys relay-keys >/dev/null; "
               "valise-relay init --charter charter.signed --data relay-2 --keys relay-keys", r"\[log-exists\]", code=3)


def prompts(world):
    """What is asked at a terminal, and what happens where there is none."""
    two = world.terminal("valise keys new --profile other --party x --delegate y", NARROW, ["one", "two"])
    check("two different passphrases", two.code == 6 and "[passphrase-mismatch]" in two.text, two.text)
    wrong = world.terminal("valise inbox --profile north", NARROW, ["not the passphrase"])
    check("a wrong passphrase at the terminal", wrong.code == 6 and "[wrong-passphrase]" in wrong.text, wrong.text)
    no = world.terminal("valise join charter.signed --profile north", NARROW, ["no"])
    check("no is no", no.code == 3 and "[not-confirmed]" in no.text, no.text)
    for answer in ("y", "YES please", ""):
        other = world.terminal("valise join charter.signed --profile north", NARROW, [answer])
        check(f"'{answer}' is no", other.code == 3, other.text)
    dark = world.pipe("valise inbox --profile north")
    check("no terminal, no passphrase", dark.code == 6 and "[no-terminal]" in dark.err, dark.text)
    dark = world.pipe("valise join charter.signed --profile north")
    check("no terminal, nobody to confirm", dark.code == 64 and "[confirmation-needed]" in dark.err, dark.text)
    for home in ("--profile 'A B'", "--profile ../x", "--profile x --home y"):
        refused = world.pipe(f"valise parties {home}")
        check(f"{home} is refused", refused.code == 64, refused.text)
    for variables, styled in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        shown = world.terminal("valise parties --profile north", **variables)
        check(f"colour with {variables}: {styled}", shown.screen.styled == styled, shown.raw)


def with_relay(world):
    """Commands that talk to the relay, with keys unlocked at the terminal."""
    for desk in ("north", "middle", "south"):
        held = world.terminal(f"valise unlock --for 10m --profile {desk}", NARROW, [PASSPHRASE])
        check(f"unlock {desk}", held.code == 0 and "Unlocked for 10 min" in held.text, held.text)
    everywhere(world, "inbox", "valise inbox --profile north", "nothing waits; --all shows the rest",
               "nothing withheld up to")
    subject = "הצעה ورقة المبادئ پیشنهاد 提案"
    name = "ورقة المبادئ.pdf"
    (world.folder / name).write_bytes(b"%PDF-")
    (world.folder / "hostile").write_text("First line\n\x1b[2Jgone\x1b]0;title\x07\nright \u202eto left\nآخر سطر\n")
    sent = world.terminal(
        f"valise send --profile north --to south --subject '{subject}' --attach '{name}' hostile", NARROW)
    check("send", sent.code == 0 and "north -> middle -> south" in sent.text, sent.text)
    message = identifier(sent)
    everywhere(world, "inbox of the intermediary", "valise inbox --profile middle", message, "carry to south|to south",
               "north", "nothing withheld up to", f"hint: valise convey --profile middle {message} passes it on")
    medium = world.terminal("valise inbox --profile middle", 80)
    check("at 80 columns it is a table with whole names", re.search(
        rf"^{message}  north( \(lead\))?  .*  (carry )?to south  ", medium.text, re.M) and "…" not in medium.text, medium.text)
    conveyed = world.terminal(f"valise convey {message[:6]} --profile middle", NARROW)
    check("convey", conveyed.code == 0 and "conveyed" in conveyed.text, conveyed.text)
    waiting = world.terminal("valise inbox --profile south", 80)
    check("the inbox says how to open it", f"hint: valise read --profile south {message} opens it" in waiting.words,
          waiting.text)
    everywhere(world, "read", f"valise read {message} --profile south", "הצעה", "ورقة المبادئ.pdf", "First line",
               r"<U\+001B>\[2Jgone<U\+001B>\]0;title<U\+0007>", r"right <U\+202E>to left", "verified")
    everywhere(world, "track", f"valise track {message} --profile north", "submitted", "conveyed", "opened",
               "middle/lead")
    everywhere(world, "publish again", "valise keys publish --profile south", "published")
    second = world.terminal("valise send --profile north --to south hostile --precedence flash", NARROW)
    refused = world.terminal(f"valise refuse {identifier(second)} --reason policy --profile middle", NARROW)
    check("refuse", refused.code == 0 and "refused" in refused.text, refused.text)
    everywhere(world, "barred", "valise send --profile north --to south --direct hostile", r"\[barred\]", "--via middle",
               code=3)
    hints = re.findall("^hint: .*", world.pipe("valise send --profile north --to south --direct hostile").err, re.M)
    check("what is permitted is the only way that is shown", hints[:1] == ["hint: a permitted route: --via middle"]
          and all("valise rejections save --profile north " in hint for hint in hints[1:]), hints)
    everywhere(world, "list shows what was refused, and why", "valise list --sent --profile north",
               r"\bNOTE\b.*refused: barred")
    everywhere(world, "status does not count it as sent", "valise status --profile north", "4 refused or withdrawn")
    everywhere(world, "no such message", "valise track zzzz7777 --profile north", r"\[message-unknown\]", code=4)
    everywhere(world, "no message at all", "valise track 'x!' --profile north", r"\[message-malformed\]", code=64)
    everywhere(world, "usage", "valise send --profile north hostile", r"\[usage\]", "--to", code=64)
    everywhere(world, "verify", "valise-audit verify --charter charter.signed --mirror mirror", "verdict: the log")
    everywhere(world, "lock", "valise lock --profile south", "ocked")


def archive_and_thread(world):
    """The archive, the conversation, and what is known of this desk."""
    sent = world.terminal("valise send --profile middle --to north --subject 'שאלה' --caption personal hostile", NARROW)
    message = identifier(sent)
    check("send from the middle", sent.code == 0, sent.text)
    saved = world.terminal(f"valise read {message} --profile north", NARROW)
    check("read it", saved.code == 0 and "personal" in saved.text, saved.text)
    replied = world.terminal(f"echo yes | valise reply {message[:5]} --profile north --precedence priority -", NARROW)
    check("reply", replied.code == 0 and "north -> middle" in replied.text, replied.text)
    everywhere(world, "list", "valise list --profile north", message, "שאלה", "middle")
    everywhere(world, "list --sent", "valise list --sent --profile north", identifier(replied), "Re: שאלה")
    everywhere(world, "list --office", "valise list --office --profile north", identifier(replied), "middle")
    everywhere(world, "keys list", "valise keys list --profile north", "sealing", "archive", "in use")
    everywhere(world, "thread", f"valise thread {message[:6]} --profile north", message, identifier(replied))
    everywhere(world, "search", "valise search FIRST lin --profile north", message, "First line")
    medium = world.terminal("valise search FIRST lin --profile north", 80)
    check("at 80 columns search keeps the names", re.search(rf"{message}  \S*middle\S* ", medium.text), medium.text)
    everywhere(world, "search by an attachment's name", "valise search المبادئ --profile north",
               "attached: ورقة المبادئ.pdf")
    everywhere(world, "search for nothing", "valise search zzzzz --profile north", "nothing found")
    everywhere(world, "outbox", "valise outbox --profile north", "the outbox is empty")
    everywhere(world, "outbox flush", "valise outbox flush --profile north", "the outbox is empty")
    everywhere(world, "status", "valise status --profile north", "north/lead", "answers in", "archive")
    everywhere(world, "drafts", "valise drafts --profile north", "no drafts")
    restated = world.terminal(
        f"echo 'They ask.' | valise restate {message} --to middle --manner summarised --source withheld --profile north -",
        NARROW)
    check("restate", restated.code == 0, restated.text)
    revealed = world.terminal(f"valise reveal {identifier(restated)} --profile north", NARROW)
    check("reveal", revealed.code == 0, revealed.text)
    read = world.terminal(f"valise read {identifier(restated)} --profile middle", NARROW)
    check("the restatement names no source", read.code == 0 and "does not name" in read.words, read.text)
    recalled = identifier(world.terminal("valise send --profile north --to south hostile"))
    taken = world.terminal(f"valise recall {recalled} --profile north", NARROW)
    check("recall", taken.code == 0 and "recalled" in taken.words, taken.text)
    everywhere(world, "cosign nothing", "valise cosign zzzz7777 --profile north", r"\[", code=4)
    everywhere(world, "reject nothing", "valise reject zzzz7777 --reason no --profile north", r"\[", code=4)


def without_network(world):
    """seal and submit, fetch and open: files cross, and only files."""
    sealed = world.terminal("valise seal --profile north --to south --subject offline hostile -o m.valise", NARROW)
    check("seal", sealed.code == 0 and "valise submit m.valise" in sealed.words, sealed.text)
    everywhere(world, "seal over a file", "valise seal --profile north --to south hostile -o m.valise",
               r"\[file-exists\]", code=3)
    everywhere(world, "submit", "valise submit m.valise --profile north", "accepted")
    message = identifier(sealed)
    check("convey it", world.terminal(f"valise convey {message} --profile middle").code == 0)
    world.terminal(f"valise unlock --profile south", NARROW, [PASSPHRASE])
    fetched = world.terminal(f"valise fetch {message} -o f.valise --profile south", NARROW)
    check("fetch", fetched.code == 0 and "fetched" in fetched.words, fetched.text)
    opened = world.terminal("valise open f.valise --receipt r.valise --profile south", NARROW)
    check("open", opened.code == 0 and "offline" in opened.words and "<U+001B>" in opened.words, opened.text)
    check("the receipt is accepted", world.terminal("valise submit r.valise --profile south").code == 0)
    check("track shows it opened", "opened" in world.pipe(f"valise track {message} --profile north").out)
    everywhere(world, "no envelope", "valise open charter.der --profile south", r"\[not-an-envelope\]", code=64)
    everywhere(world, "keys export", "valise keys export -o k.valise --overwrite --profile north", "south")
    everywhere(world, "keys import", "valise keys import k.valise --profile north", "south")


def relay_away(world):
    """Nothing is lost while the relay is down, and it is said."""
    world.relay.terminate()
    world.relay.wait(timeout=15)
    kept = world.terminal("valise send --profile north --to south --subject later hostile", NARROW)
    check("send without the relay", kept.code == 5 and "[kept-in-outbox]" in kept.words, kept.text)
    message = identifier(kept)
    everywhere(world, "outbox with one", "valise outbox --profile north", message, "south")
    tried = world.terminal("valise outbox --profile north")
    check("one try is one try", re.search(rf"^{message}  south +\S+ \S+ UTC +1  waiting", tried.text, re.M), tried.text)
    everywhere(world, "flush without the relay", "valise outbox flush --profile north",
               r"The message is still in the outbox: .*\[kept-in-outbox\]", code=5)
    everywhere(world, "list shows that it waits", "valise list --sent --profile north", f"{message}.* in the outbox")
    everywhere(world, "inbox without the relay", "valise inbox --profile north", r"\[relay-unavailable\]", code=5)
    everywhere(world, "status without the relay", "valise status --profile north", "not reached", "1 waiting")
    check("the relay is back", world.serve("valise-relay serve --data relay-data --keys relay-keys"))
    flushed = world.terminal("valise outbox flush --profile north", NARROW)
    check("flush", flushed.code == 0 and f"accepted {message}" in flushed.words, flushed.text)
    gone = world.terminal("valise outbox --profile north", NARROW)
    check("the outbox is empty again", "empty" in gone.words, gone.text)


def where_it_is_utc(world):
    """One name for one zone."""
    listed = world.terminal("valise list --profile north", TZ="UTC")
    check("a list in UTC says UTC", re.search(r"\d\d:\d\d UTC  ", listed.text) and "+00:00" not in listed.text,
          listed.text)


def another_passphrase(world):
    changed = world.terminal("valise passphrase --profile audit", NARROW, [PASSPHRASE, "a new one", "a new one"])
    check("passphrase", changed.code == 0 and "was changed" in changed.words, changed.text)
    old = world.terminal("valise status --profile audit", NARROW, [PASSPHRASE])
    check("the old one is wrong", old.code == 6 and "[wrong-passphrase]" in old.words, old.text)
    new = world.terminal("valise inbox --profile audit", NARROW, ["a new one"])
    check("the new one is right", new.code == 0, new.text)


def watching(world):
    """`inbox --watch` in a terminal: an arrival shows, Ctrl-C ends it."""
    watch = world.terminal(
        "timeout --foreground -s INT 8 valise inbox --watch --exec 'echo hook $VALISE_FROM >hook' --profile middle & "
        "sleep 3; valise send --profile north --to middle hostile >/dev/null 2>&1; wait $!", WIDE)
    check("watch shows the arrival", re.search(r"watching.*north \(lead\)", watch.words), watch.text)
    hook = world.folder / "hook"
    check("the command is run", hook.exists() and hook.read_text() == "hook north\n", watch.text)


def identifier(session):
    """The first letters of the message that a command names first."""
    found = re.search(r"message +([a-z2-7]{12})", session.words)
    return found[1] if found else "none"


def main():
    world = World()
    print(f"pty: the programs of {BIN}")
    try:
        everywhere(world, "valise alone, no desk yet", "valise", "None yet in", "valise keys new --party PARTY")
        set_up(world)
        without_relay(world)
        prompts(world)
        with_relay(world)
        archive_and_thread(world)
        without_network(world)
        relay_away(world)
        where_it_is_utc(world)
        another_passphrase(world)
        watching(world)
    finally:
        world.close()
    print(f"{Count.passed} passed, {Count.failed} failed")
    return 1 if Count.failed or not Count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
