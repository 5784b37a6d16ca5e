#!/usr/bin/env python3
"""What the last stage of a Dockerfile does, as a shell script: dockerfile.py FILE build|run.

build: its RUN lines. run: its command line, with its variables, as its user."""
import json
import re
import shlex
import sys


def main():
    text = re.sub(r"\\\n\s*", " ", open(sys.argv[1]).read())
    stages, steps = 0, []
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages, steps = stages + 1, []
        else:
            steps.append((word, rest.strip()))
    known = {"COPY", "RUN", "ENV", "USER", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    if stages < 1 or {word for word, _ in steps} - known:
        raise SystemExit("dockerfile.py: steps that it does not know")
    if sys.argv[2] == "build":
        print("set -eu")
        print("\n".join(rest for word, rest in steps if word == "RUN"))
        return
    found = dict(steps)
    variables = [pair for word, rest in steps if word == "ENV" for pair in shlex.split(rest)]
    command = json.loads(found["ENTRYPOINT"]) + json.loads(found["CMD"])
    print("exec setpriv --reuid", found["USER"], "--regid", found["USER"], "--clear-groups --no-new-privs env",
          shlex.join(variables + command), '"$@"')


if __name__ == "__main__":
    main()
