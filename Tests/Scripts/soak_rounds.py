"""The load and the episodes of soak.sh."""
import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from cutting_proxy import CuttingProxy
from relay_world import BIN, PASSPHRASE, PORT, STARTED, WORLD, Auditor, Broken, Desk, Promises, Relay, Senders, flush, \
    hold, pathlib, until

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=int, default=120)
options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
given = options.parse_args()
draw = random.Random(given.seed)
DISK = pathlib.Path(os.environ["DISK"])
BALLAST = DISK / "ballast"
PAIRS = [("us-envoy", "lebanon-speaker"), ("us-envoy", "hezbollah"), ("israel-strategic-affairs", "us-envoy")]
# What a follower may say while the relay is away; anything else is about the log.
HARMLESS = ["full disk", "link cuts"]
HARM = [*HARMLESS, "kill", "restart"]
AWAY = {"source-away", "checkpoint-stale", "tick-late"}
# KiB that the relay's memory may grow by from the first third of the quiet half to the last.
GROWTH = 16 * 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Readers:
    """Desks that pass on and read whatever waits for them."""

    def __init__(self, names):
        self.names, self.stopping, self.done = names, threading.Event(), {"convey": 0, "read": 0, "look": 0}
        self.codes = {}

    def __enter__(self):
        self.threads = [threading.Thread(target=self.work, args=(name,), daemon=True) for name in self.names]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def work(self, name):
        desk = Desk(name)
        while not self.stopping.is_set():
            document, _, _ = desk("inbox")
            if document is None:
                self.stopping.wait(0.5)
                continue
            self.done["look"] += 1
            for arrival in document["arrivals"][:4]:
                command = "read" if arrival["role"] == "for you" else "convey"
                _, error, status = desk(command, arrival["message"])
                self.done[command] += status == 0
                if error:
                    self.codes[error["code"]] = self.codes.get(error["code"], 0) + 1
            self.stopping.wait(0.3)


def start(command, output):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output.open("wb"), stderr=subprocess.DEVNULL)
    STARTED.append(process)
    return process


def follower(log):
    return start(
        [BIN / "valise-audit", "follow", "--charter", WORLD / "charter.signed", "--out", WORLD / "followed", "--home",
         WORLD / "parties/oversight-committee", *PASSPHRASE, "--every", "2s", "--json"], log)


class Soak:
    def __init__(self):
        self.promises = Promises()
        self.relay = Relay("--log-level", "warning", port=free_port())
        self.proxy = CuttingProxy(PORT, self.relay.port)
        self.counts = {}

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def restart(self, number, floor=()):
        self.relay.end(number)
        self.relay.start(*floor)

    def fill(self):
        """To below the floor, and where that is lifted to the last bytes."""
        free = os.statvfs(DISK)
        left = draw.choice([0, 2 << 20])
        with BALLAST.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left))
        time.sleep(draw.uniform(1, 3))
        BALLAST.unlink()

    def links(self):
        self.proxy.cut()
        self.proxy.limit(draw.randrange(200, 60_000))
        time.sleep(draw.uniform(0.5, 2))
        self.proxy.limit(None)
        self.proxy.cut()

    def episode(self, kinds):
        kind = draw.choice(kinds)
        {"full disk": self.fill, "link cuts": self.links, "kill": lambda: self.restart(signal.SIGKILL, self.floor()),
         "restart": lambda: self.restart(signal.SIGTERM, self.floor())}[kind]()
        self.count(kind)

    @staticmethod
    def floor():
        return draw.choice([(), ("--disk-floor", "1B")])

    def harm(self, seconds):
        """Each kind once, then whatever is drawn."""
        end, first = time.monotonic() + seconds, draw.sample(HARM, len(HARM))
        while time.monotonic() < end or first:
            time.sleep(draw.uniform(1, 4))
            self.episode([first.pop()] if first else HARM)

    def measure(self, seconds):
        """Samples of (seconds, KiB) after a third for warming up."""
        begin, samples, next_episode = time.monotonic(), [], 0
        while (now := time.monotonic() - begin) < seconds:
            if now > next_episode:
                self.episode(HARMLESS)
                next_episode = now + draw.uniform(5, 10)
            if now > seconds / 3:
                samples.append((now, self.relay.resident()))
            time.sleep(0.5)
        return samples


def slope(samples):
    """KiB a minute, by least squares."""
    count = len(samples)
    mean_x, mean_y = (sum(part) / count for part in zip(*samples))
    over = sum((x - mean_x) * (y - mean_y) for x, y in samples)
    return 60 * over / sum((x - mean_x) ** 2 for x, _ in samples)


def mean(samples):
    return sum(value for _, value in samples) / len(samples)


def main():
    print(f"seed {given.seed}", flush=True)
    soak, auditor, log = Soak(), Auditor(), WORLD / "follow.json"
    soak.relay.start()
    follow = follower(log)
    watch = start([BIN / "valise", "inbox", "--watch", "--json", "--home", WORLD / "parties/hezbollah"],
                  WORLD / "watch.json")
    readers = Readers(["lebanon-speaker", "us-envoy"])
    with Senders(soak.promises, PAIRS, given.seed), readers:
        soak.harm(given.seconds / 2)
        soak.restart(signal.SIGTERM)
        samples = soak.measure(given.seconds / 2)
    flush(soak.promises, [Desk(name) for name in sorted({sender for sender, _ in PAIRS})], 120)
    until(soak.relay.is_ready, lambda: f"the relay is ready: {soak.relay.readiness()}", 30)
    for process in (watch, follow):
        process.terminate()
        process.wait(60)
    entries, wrong = hold(soak.promises, auditor)
    soak.relay.end()
    alarms = {json.loads(line)["code"] for line in log.read_text().splitlines() if "follow-alarm" in line}
    if alarms - AWAY:
        wrong.append(f"the follower raised {sorted(alarms - AWAY)}")
    shown = (WORLD / "watch.json").read_text().count('"valise/inbox-arrival/v1"')
    third = len(samples) // 3
    growth = mean(samples[-third:]) - mean(samples[:third])
    if growth > GROWTH:
        wrong.append(f"the relay's memory grew by {growth:.0f} KiB")
    for what, number in (("conveyances", readers.done["convey"]), ("reads", readers.done["read"]), ("watched", shown)):
        if not number:
            wrong.append(f"no {what}: the load was not mixed")
    print(f"episodes: {soak.counts}, {soak.proxy.cuts} connections cut; load: {readers.done}, {shown} arrivals watched; "
          f"readers were told {readers.codes}, senders {soak.promises.reasons}")
    sixth = max(1, len(samples) // 6)
    course = [f"{mean(samples[at:at + sixth]) / 1024:.1f}" for at in range(0, sixth * 6, sixth)]
    print(f"memory: {mean(samples[:third]) / 1024:.1f} MiB, then {mean(samples[-third:]) / 1024:.1f} MiB, in sixths "
          f"{', '.join(course)}, "
          f"{slope(samples):+.0f} KiB a minute; bound {GROWTH // 1024} MiB more")
    print("\n".join(wrong[:10]) or "nothing is wrong")
    lost, doubled = (sum(item.startswith(word) for item in wrong) for word in ("lost", "doubled"))
    print(f"soak of {given.seconds} s, seed {given.seed}: {soak.promises.count()} accepted, {entries} entries, "
          f"{lost} lost, {doubled} doubled, growth {growth / 1024:+.1f} MiB")
    return bool(wrong)


try:
    sys.exit(1 if main() else 0)
except Broken as error:
    sys.exit(f"seed {given.seed}: {error}")
finally:
    for process in STARTED:
        if process.poll() is None:
            process.kill()
