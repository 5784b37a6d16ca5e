"""The rounds of faults.sh, each with senders at work."""
import argparse
import contextlib
import os
import random
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import traceback

from relay_world import (DATA, WORLD, BIN, KEYS, STARTED, Auditor, Broken, Desk, Promises, Relay, Senders, flush, hold,
                         pathlib, run, until)

DISK, IMAGE = pathlib.Path(os.environ["DISK"]), WORLD / "disk.img"
PAIRS = [("us-envoy", "lebanon-speaker"), ("lebanon-speaker", "hezbollah")]
options = argparse.ArgumentParser()
options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
options.add_argument("--only", default="")
given = options.parse_args()
draw = random.Random(given.seed)
promises, auditor = Promises(), Auditor()
desks = [Desk(sender) for sender, _ in PAIRS]
relay = Relay("--log-level", "info")


def more(count, seconds=40):
    """Waits until so many more messages are accepted."""
    goal = promises.count() + count
    until(lambda: promises.count() >= goal,
          lambda: f"{count} more messages are accepted; {promises.reasons}; {relay.said()[-400:]}", seconds)


def senders():
    return Senders(promises, PAIRS, draw.randrange(1 << 30))


def named(check, text=""):
    return until(lambda: relay.names(check, text), lambda: f"/readyz fails in {check}: {relay.readiness()}", 20)


def ready():
    until(relay.is_ready, lambda: f"the relay is ready again: {relay.readiness()}", 40)


def refused(code, seconds=20):
    """Waits until a sender is told why."""
    until(lambda: promises.reasons.get(code), lambda: f"a sender is told {code}: {promises.reasons}", seconds)


def fill(path, left=0):
    """Fills the disk but for some bytes."""
    free = os.statvfs(DISK)
    with path.open("ab") as file, contextlib.suppress(OSError):
        if left:
            os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left))
            return
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while True:
                    os.write(file.fileno(), bytes(size))


def disk_below_the_floor():
    relay.start()
    with senders():
        more(4)
        # What is written meanwhile may take it below the lower floor, too.
        fill(DISK / "ballast", left=5 << 19)
        cause = named("disk", " free")
        refused("storage-low")
        (DISK / "ballast").unlink()
        ready()
        more(4)
    return cause


def disk_full():
    relay.start("--disk-floor", "1B")
    with senders():
        more(4)
        fill(DISK / "ballast")
        cause = named("store")
        time.sleep(2)
        (DISK / "ballast").unlink()
        ready()
        more(4)
    return cause


def disk_read_only():
    """A disk that fails: its file system takes nothing from one moment to the next."""
    relay.start()
    with senders():
        more(4)
        run("mount", "-o", "remount,abort", DISK)
        cause = named("store")
        time.sleep(1)
        relay.end()
        subprocess.run(["umount", DISK], check=True)
        if run("e2fsck", "-fy", IMAGE).returncode > 1:
            raise Broken("the file system could not be mended")
        subprocess.run(["mount", "-o", "loop", IMAGE, DISK], check=True)
        relay.start()
        more(4)
    return cause


def no_descriptors():
    relay.start()
    with senders(), contextlib.ExitStack() as held:
        more(4)
        process = relay.process.pid
        have = len(os.listdir(f"/proc/{process}/fd"))
        most = resource.prlimit(process, resource.RLIMIT_NOFILE)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (have + 2, most[1]))
        for _ in range(12):
            one = held.enter_context(socket.socket())
            one.settimeout(1)
            with contextlib.suppress(OSError):
                one.connect(("127.0.0.1", relay.port))
        cause = until(lambda: re.search("file descriptors run out", relay.said()),
                      lambda: f"the log names the cause: {relay.said()[-600:]}", 20).group()
        time.sleep(2)
        resource.prlimit(process, resource.RLIMIT_NOFILE, most)
        held.close()
        ready()
        more(4)
    return cause


def clock_steps():
    """The clock of the relay alone steps, as a bad time server makes it step; the machine's steady clock does not."""
    offset = WORLD / "clock"

    def step(text):
        (WORLD / "clock.new").write_text(text + "\n")
        (WORLD / "clock.new").rename(offset)

    step("+0")
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    relay.start(environment={"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                             "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    with senders():
        more(4)
        step("+7200")
        ahead = named("clock", "jumped ahead")
        step("+0")
        ready()
        more(2)
        step("-600")
        behind = named("clock", "behind the newest entry")
        step("+0")
        ready()
        more(2)
        step("-1")
        more(2)
        step("+0")
    return f"{ahead} {behind}"


def stands_still():
    relay.start()
    with senders():
        more(4)
        relay.tell(signal.SIGSTOP)
        if relay.readiness() is not None:
            raise Broken("a process that stands still has answered")
        time.sleep(2)
        relay.tell(signal.SIGCONT)
        ready()
        more(4)
    return "nobody answers"


def row(query, *values):
    with contextlib.closing(sqlite3.connect(f"file:{DATA}/log.sqlite?mode=ro", uri=True)) as database:
        return database.execute(query, values).fetchone()[0]


def flip(needle, read):
    """Flips one bit of these bytes in the database's file, where reading them shows it. Returns how to undo it."""
    path, truth = DATA / "log.sqlite", read()
    content, at = path.read_bytes(), -1
    while (at := content.find(needle, at + 1)) >= 0:
        place, bit = at + draw.randrange(len(needle)), 1 << draw.randrange(8)

        def change(place=place, bit=bit):
            with path.open("r+b") as file:
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ bit]))
        change()
        if read() != truth:
            return change
        change()
    raise Broken("the bytes are not in the database's file")


# What a sender may be told while nothing is decided.
UNDECIDED = {"relay-unavailable", "unavailable", "storage-failed", "busy"}


def flipped(name, needle, read, mend):
    """Found at the start or by the check, and named; nothing is signed over it."""
    undo = flip(needle, read)
    checked = run(BIN / "valise-relay", "check", "--data", DATA)
    text = checked.stdout + checked.stderr
    if checked.returncode != 2 or name not in text:
        raise Broken(f"check ended with {checked.returncode} and did not name {name}: {text[-600:]}")
    said = next(line for line in text.splitlines() if name in line).strip()
    try:
        relay.start()
    except Broken as refusal:
        relay.process = None
        said = str(refusal).split("error: ")[-1].split("\n")[0][:160]
    else:
        with senders():
            time.sleep(1)
        relay.end()
        if told := set(promises.reasons) - UNDECIDED:
            raise Broken(f"something was decided on what had changed: {told}")
    if mend == "repair":
        mended = run(BIN / "valise-relay", "check", "--data", DATA, "--repair")
    else:
        undo()
        mended = run(BIN / "valise-relay", "check", "--data", DATA)
    if mended.returncode != 0:
        raise Broken(f"not mended: {mended.stdout[-400:]} {mended.stderr[-400:]}")
    relay.start()
    with senders():
        more(2)
    return said


def filled():
    """A log with something in it."""
    relay.start()
    with senders():
        more(4)
    relay.end()
    flush_later.append(True)


flush_later = []


def flipped_entry():
    filled()
    index = draw.choice(sorted(promises.accepted.values()))
    read = lambda: row("SELECT bytes FROM entries WHERE idx = ?", index)
    return flipped(f"entries, idx {index}", read()[60:200], read, "undo")


def flipped_tile():
    filled()
    read = lambda: row("SELECT bytes FROM tiles ORDER BY place LIMIT 1")
    at = 32 * draw.randrange(len(read()) // 32)
    return flipped("tiles", read()[at:at + 32], read, "repair")


def flipped_view():
    filled()
    read = lambda: row("SELECT message FROM inbox WHERE party = 'lebanon-speaker' AND number = 1")
    return flipped("inbox, party 'lebanon-speaker' number 1", read(), read, "repair")


ROUNDS = [disk_below_the_floor, disk_full, disk_read_only, no_descriptors, clock_steps, stands_still, flipped_entry,
          flipped_tile, flipped_view]


def main():
    print(f"seed {given.seed}", flush=True)
    passed = failed = 0
    for function in ROUNDS:
        name = function.__name__.replace("_", " ")
        if given.only and function.__name__ not in given.only.split(","):
            continue
        begin = time.monotonic()
        promises.reasons.clear()
        try:
            cause = function()
            flush(promises, desks)
            entries, wrong = hold(promises, auditor)
            relay.end()
            if wrong:
                raise Broken("\n".join(wrong[:5]))
            passed += 1
            print(f"  ok    {name} ({time.monotonic() - begin:.0f} s): {promises.count()} accepted, 0 lost, 0 doubled, "
                  f"{entries} entries audited; named: {cause}", flush=True)
        except Exception as error:
            failed += 1
            print(f"  FAIL  {name} ({time.monotonic() - begin:.0f} s): {error}\n{relay.said()[-1500:]}", flush=True)
            if not isinstance(error, Broken):
                traceback.print_exc()
            with contextlib.suppress(Broken):
                relay.end(signal.SIGKILL)
            (DISK / "ballast").unlink(missing_ok=True)
    print(f"{passed} passed, {failed} failed")
    return failed or not passed


try:
    sys.exit(1 if main() else 0)
finally:
    for process in STARTED:
        if process.poll() is None:
            process.kill()
