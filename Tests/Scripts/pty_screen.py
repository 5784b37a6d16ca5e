"""A terminal for scripted sessions: a pty, what a program draws on it, and answers to its prompts. Hard time limits."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

PROMPT = re.compile(rb"(assphrase[^\r\n]*: |Again: |\[yes/no\] )$")


def width_of(character):
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Lines as a person sees them. Knows what the programs may print and notes everything else in `strange`."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.flowing = set()  # rows that go on from the one before
        self.at = 0
        self.strange = []
        self.styled = False

    def feed(self, text):
        position = 0
        while position < len(text):
            escape = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])").match(text, position)
            if escape:
                self.control(escape)
                position = escape.end()
                continue
            self.put(text[position])
            position += 1

    def control(self, escape):
        if escape[2] == "m":
            self.styled = True
        elif escape[2] == "K" and escape[1] in ("", "0"):
            self.rows[-1] = self.rows[-1][:self.at]
        else:
            self.strange.append(escape[0])

    def put(self, character):
        if character == "\n":
            self.rows.append([])
            self.at = 0
        elif character == "\r":
            self.at = 0
        elif ord(character) < 32 or 0x7F <= ord(character) < 0xA0:
            self.strange.append(character)
        else:
            self.draw(character, width_of(character))

    def draw(self, character, width):
        row = self.rows[-1]
        if width == 0:
            if self.at > 0 and self.at <= len(row):
                row[self.at - 1] += character
            elif not row:
                row.append(character)
            return
        if self.at + width > self.columns:
            self.rows.append([])
            self.flowing.add(len(self.rows) - 1)
            self.at = 0
            row = self.rows[-1]
        row[self.at:self.at + width] = [character] + [""] * (width - 1)
        self.at += width

    @property
    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.rows)

    @property
    def lines(self):
        """As they were written: what the terminal broke is whole again."""
        text = ""
        for number, row in enumerate(self.rows):
            text += ("" if number in self.flowing else "\n") + "".join(row)
        return text


    @property
    def broken_words(self):
        """Lines that the terminal had to break though they are more than one token, with a name before it or not. A
        command is one token."""
        token = re.compile(r" *(\S+: |\S[^:]*?  +)?(\(?(valise|valise-relay|valise-audit) .*|\S+)$")
        wide = [line for line in self.lines.split("\n") if sum(map(width_of, line)) > self.columns]
        return [line for line in wide if not token.match(line)]


class Session:
    """How a run ended. `out` and `err` apart in a pipe; on a terminal `screen` has both."""

    def __init__(self, code, screen=None, out="", err="", raw=b""):
        self.code, self.screen, self.out, self.err, self.raw = code, screen, out, err, raw

    @property
    def text(self):
        return self.screen.text if self.screen else self.out + self.err

    @property
    def words(self):
        """In one line, single spaces, without marks of direction: for searching."""
        text = self.screen.lines if self.screen else self.text
        return re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", text))


def on_terminal(arguments, columns, answers=(), environment=None, folder=None, limit=30, stop=None):
    """Runs with a pty of this width as controlling terminal; each answer goes to the next prompt. What ends only when
    it is stopped gets Ctrl-C once it has printed what `stop` matches."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    waiting = list(answers)

    def attach():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        arguments, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=folder, preexec_fn=attach)
    os.close(slave)
    raw, fresh, end = b"", b"", time.monotonic() + limit
    try:
        while True:
            ended = process.poll() is not None
            ready, _, _ = select.select([master], [], [], 0.05 if ended else 0.2)
            if ready:
                try:
                    data = os.read(master, 65_536)
                except OSError:
                    data = b""
                if not data:
                    break
                raw, fresh = raw + data, fresh + data
                if PROMPT.search(fresh) and waiting:
                    os.write(master, waiting.pop(0).encode() + b"\n")
                    fresh = b""
                if stop and re.search(stop, raw):
                    os.write(master, b"\x03")
                    stop = None
            elif ended:
                break
            if time.monotonic() > end:
                os.killpg(process.pid, signal.SIGKILL)
                raw += b"\r\n(stopped by the time limit)"
                break
        code = process.wait(timeout=10)
    finally:
        if process.poll() is None:
            process.kill()
        os.close(master)
    screen = Screen(columns)
    screen.feed(raw.decode("utf-8", "replace"))
    return Session(code, screen=screen, raw=raw)


def in_pipe(arguments, environment=None, folder=None, limit=30):
    """Runs without any terminal."""
    try:
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, env=environment, cwd=folder, timeout=limit,
            start_new_session=True)
    except subprocess.TimeoutExpired as late:
        return Session(-1, out="(stopped by the time limit)", raw=late.stdout or b"")
    return Session(
        done.returncode, out=done.stdout.decode("utf-8", "replace"), err=done.stderr.decode("utf-8", "replace"),
        raw=done.stdout + done.stderr)
