"""`stationctl` as a test types it."""

import os
import pty
import subprocess
import sys

from click.testing import CliRunner, Result

from stationd.client.scripted.station import ScriptedStation
from stationd.client.stationctl.cli import main

BELL = "OPENQASM 3.0;\nqubit[2] q;\n"
SWEEP = 'returns = ["r.p"]\n[[axes]]\n"a.x" = { start = 0.0, stop = 1.0, points = 5 }\n'


def run(*words: str) -> Result:
    """Run a command in this process; nobody looks at its output."""
    return CliRunner().invoke(main, words, catch_exceptions=False)


def submitted(*words: str) -> str:
    """Submit a job and return its id."""
    done = run("submit", *words)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def in_terminal(there: ScriptedStation, *words: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command that finds itself on a terminal; return it and the terminal's other end."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"STATIOND_ENDPOINT": there.endpoint, "TERM": "xterm-256color"}
    program = "from stationd.client.stationctl.entry import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment | {"COLUMNS": "100", "LINES": "30"},
        start_new_session=True,
    )
    os.close(theirs)
    return process, ours


def read_until(descriptor: int, wanted: str) -> str:
    """Read a terminal until it has shown something."""
    said = b""
    while wanted not in said.decode(errors="ignore"):
        part = os.read(descriptor, 65_536)
        assert part, said
        said += part
    return said.decode(errors="ignore")


def read_all(descriptor: int) -> str:
    """Read a terminal until its program has ended."""
    said = b""
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        said += part
    os.close(descriptor)
    return said.decode()
