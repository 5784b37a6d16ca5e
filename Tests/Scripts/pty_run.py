#!/usr/bin/env python3
"""One command at a real terminal: pty_run.py COLUMNS COMMAND... prints what a person sees and ends with its exit code.

Exits 70 if the terminal was told anything but text, colours and the clearing of a line."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pty_screen import on_terminal  # noqa: E402

session = on_terminal(sys.argv[2:], int(sys.argv[1]), environment={**os.environ, "TERM": "xterm-256color"})
print(session.words)
if session.screen.strange:
    print(f"strange to a terminal: {session.screen.strange}")
sys.exit(70 if session.screen.strange else session.code)
