"""The clients of a station under soak, each in a process of its own."""

import select
import subprocess
import sys
import time

from tests.end_to_end.station import Station

CLIENTS = ("first", "second")
TO_THE_END = 180.0
"""Seconds that all jobs have to end, once nothing is killed any more."""


class Clients:
    """The clients' processes."""

    def __init__(self, station: Station, seed: int) -> None:
        self.notes = {name: station.folder / f"notes.{name}" for name in CLIENTS}
        self._processes = {
            name: subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.soak.client"),
                    *(name, station.endpoint, str(seed), str(self.notes[name])),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in CLIENTS
        }

    def check_alive(self) -> None:
        """Fail if a client has ended."""
        for name, process in self._processes.items():
            assert process.poll() is None, f"the {name} client has ended, see above"

    def finish(self) -> None:
        """Let all of their jobs come to their ends."""
        for process in self._processes.values():
            _order(process, "finish")
        deadline = time.monotonic() + TO_THE_END
        for process in self._processes.values():
            _await_line(process, "idle", deadline)

    def end(self, newest_fact: int) -> None:
        """Let them hear of everything, and end."""
        for process in self._processes.values():
            _order(process, f"until {newest_fact}")
        for process in self._processes.values():
            assert process.wait(TO_THE_END) == 0, "a client has failed, see above"

    def kill(self) -> None:
        """End those that are left."""
        for process in self._processes.values():
            process.kill()
            process.wait()


def _order(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdin is not None
    process.stdin.write(words + "\n")
    process.stdin.flush()


def _await_line(process: subprocess.Popen[str], line: str, deadline: float) -> None:
    assert process.stdout is not None
    left = max(0.0, deadline - time.monotonic())
    ready, _, _ = select.select([process.stdout], [], [], left)
    assert ready, "jobs are left that do not end"
    assert process.stdout.readline().strip() == line, "a client has failed, see above"
