#!/usr/bin/env python3
"""Takes a stopped relay's data directory back to version 4 of the tables, as an earlier release left it:
older-tables.py DATA. Envelopes were not encrypted then, and there were no notes. Needs openssl."""
import pathlib
import sqlite3
import subprocess
import sys

TABLES = {
    "grdb_migrations", "meta", "entries", "tiles", "checkpoint", "statements", "messages", "message_entries",
    "envelopes", "inbox", "counters", "keys", "ticks", "drafts", "draft_signatures", "uploads",
}


def decrypt(key, data):
    """AES-256 in counter mode from the file's first block."""
    return subprocess.run(
        ["openssl", "enc", "-d", "-aes-256-ctr", "-K", key.hex(), "-iv", "0" * 32], input=data, capture_output=True,
        check=True).stdout


def main():
    folder = pathlib.Path(sys.argv[1])
    database = sqlite3.connect(folder / "log.sqlite", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    applied = {row[0] for row in database.execute("SELECT identifier FROM grdb_migrations")}
    if "6" in applied:
        # Zeros stand for a key that was destroyed.
        for message, key in database.execute(
                "SELECT message, key FROM message_keys WHERE key <> zeroblob(32)").fetchall():
            data = database.execute("SELECT bytes FROM envelopes WHERE message = ?", (message,)).fetchone()[0]
            database.execute("UPDATE envelopes SET bytes = ? WHERE message = ?", (decrypt(key, data), message))
        for name, key in database.execute("SELECT file, key FROM file_keys WHERE key <> zeroblob(32)").fetchall():
            path = folder / "envelopes" / name
            path.write_bytes(decrypt(key, path.read_bytes()))
    for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if name not in TABLES:
            database.execute(f"DROP TABLE {name}")
    for later in applied - {"1", "2", "3", "4"}:
        database.execute("DELETE FROM grdb_migrations WHERE identifier = ?", (later,))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sound = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    database.close()
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
