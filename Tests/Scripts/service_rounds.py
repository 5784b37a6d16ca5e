#!/usr/bin/env python3
"""Rounds with a relay as its service manager plays them: service_rounds.py BIN WORLD PORT. Prints ok or FAIL lines."""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

BIN, WORLD, PORT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
KEYS = WORLD / "keys/relay"
WATCHDOG = 2.0


def check(name, holds, detail=""):
    print(f"  ok    {name}" if holds else f"  FAIL  {name}\n          {detail}", flush=True)


class Manager:
    """A relay with a notify socket, as systemd would start it."""

    def __init__(self, *arguments):
        path = WORLD / "notify"
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.log = open(WORLD / "service.log", "w")
        environment = dict(os.environ, NOTIFY_SOCKET=str(path), WATCHDOG_USEC=str(int(WATCHDOG * 1e6)))
        self.process = subprocess.Popen(
            [BIN / "valise-relay", "serve", "--data", WORLD / "relay", "--keys", KEYS, *arguments],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)

    def next(self, wanted, limit=20):
        """The next message that begins so, and when it came."""
        end = time.monotonic() + limit
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                text = self.socket.recv(4096).decode()
            except TimeoutError:
                break
            if text.startswith(wanted):
                return text, time.monotonic()
        return "", time.monotonic()

    def said(self, text):
        self.log.flush()
        return text in (WORLD / "service.log").read_text()


def connect():
    context = ssl.create_default_context(cafile=str(KEYS / "tls-root.pem"))
    return context.wrap_socket(socket.create_connection(("127.0.0.1", PORT), 10), server_hostname="localhost")


def ask(connection):
    connection.sendall(b"GET /v1/charter HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    length = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))[15:])
    while len(body) < length:
        body += connection.recv(65536)
    return head.startswith(b"HTTP/1.1 200")


def shown():
    """The certificate that a new connection gets."""
    with connect() as connection:
        return connection.getpeercert(True)


def watchdog(manager):
    times = [manager.next("WATCHDOG=1")[1] for _ in range(4)]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    check("WATCHDOG=1 comes at half of its time", all(WATCHDOG * 0.35 < gap < WATCHDOG * 0.75 for gap in gaps), gaps)


def renewal(manager):
    before, kept = shown(), connect()
    ask(kept)
    subprocess.run([BIN / "valise-relay", "keys", "renew", "--keys", KEYS], check=True, capture_output=True)
    check("a renewed certificate is not shown by itself", shown() == before)
    manager.process.send_signal(signal.SIGHUP)
    check("a reload is announced", "MONOTONIC_USEC=" in manager.next("RELOADING=1")[0])
    status = manager.next("READY=1")[0]
    check("and ends with what is new", "valid until" in status, status)
    after = shown()
    check("new handshakes get the new certificate", after != before)
    check("an open connection goes on", ask(kept))
    return after


def bad_renewals(manager, current):
    other = WORLD / "other"
    subprocess.run([BIN / "valise-relay", "keys", "new", "--out", other, "--url", f"https://localhost:{PORT}"],
                   check=True, capture_output=True)
    good = {name: (KEYS / name).read_bytes() for name in ("tls.pem", "tls.key")}
    cases = {
        "of another root": {name: (other / name).read_bytes() for name in good},
        "without its key": {"tls.pem": (other / "tls.pem").read_bytes()},
        "that is none": {"tls.pem": b"nothing"},
    }
    for name, files in cases.items():
        for file, content in files.items():
            (KEYS / file).write_bytes(content)
        manager.process.send_signal(signal.SIGHUP)
        status = manager.next("READY=1")[0]
        check(f"a certificate {name} is refused, with a line in the log", "nothing was reloaded" in status, status)
        check("and the old one stays", shown() == current)
        for file, content in good.items():
            (KEYS / file).write_bytes(content)
    check("the log says why", manager.said("certificate-unfit") and manager.said("certificate-damaged"))
    shutil.rmtree(other)


def stop(manager):
    idle = [connect() for _ in range(3)]
    for connection in idle[:2]:
        ask(connection)
    begin = time.monotonic()
    manager.process.send_signal(signal.SIGTERM)
    check("a stop is announced", manager.next("STOPPING=1")[0] != "")
    code = manager.process.wait(30)
    check("it does not wait for idle connections", time.monotonic() - begin < 3, time.monotonic() - begin)
    check("it ends well", code == 0, code)


def main():
    manager = Manager()
    status = manager.next("READY=1")[0]
    check("READY=1 comes with what is served", f"STATUS=serving localhost:{PORT}/valise" in status, status)
    check("then it answers", ask(connect()))
    watchdog(manager)
    bad_renewals(manager, renewal(manager))
    stop(manager)
    print("rounds: all played")


if __name__ == "__main__":
    main()
