"""The process that plays a QPU, as its driver sees it: start, ask, interrupt, end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from multiprocessing.connection import Pipe, wait
from typing import Final

from stationd.actors.drivers.qpu_protocol import ANSWERS, ENCODER, Answer, Request
from stationd.proto.error import InstrumentError

PATIENCE: Final = 0.25
"""Seconds that an interrupted simulation may still take before its process is killed: starting
another one takes longer."""
_LAST_WORD: Final = 1.0
"""Seconds that a process may take to end by itself."""


class Interrupted(Exception):
    """The request was given up because of `Interrupt.set`. Does not leave the driver."""


class Interrupt:
    """A flag that one thread sets and that another can wait for, together with a connection."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """Wake whoever waits. From any thread."""
        # A full pipe wakes as well.
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._writer, b"!")

    def clear(self) -> None:
        """Forget what has been set."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass

    @property
    def descriptor(self) -> int:
        """What becomes readable when it is set."""
        return self._reader

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, or the time has passed; return whether it is set."""
        return bool(wait([self.descriptor], max(0.0, seconds)))

    def close(self) -> None:
        """Let go of the descriptors."""
        os.close(self._reader)
        os.close(self._writer)


class QpuProcess:
    """One process that executes circuits. Starting it does not wait for it.

    Args:
        module: What it runs, as ``python -m MODULE FD ARGUMENT...``; see `qpu_protocol.serve`.
        arguments: What the module is told besides.
        patience: Seconds that an interrupted request may still take before its process is
            killed; None for as long as it takes.
    """

    def __init__(self, module: str, *arguments: str, patience: float | None = PATIENCE) -> None:
        self._patience = patience
        self._connection, theirs = Pipe()
        with theirs:
            # A new session: a terminal's Ctrl+C reaches the controller and not the simulator.
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    module,
                    str(theirs.fileno()),
                    *arguments,
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                # OpenMP would start a thread per core at import, and each spins.
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def ask(self, request: Request, interrupt: Interrupt) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            Interrupted: The interrupt was set, and the answer did not come soon after. The
                process has been killed.
            InstrumentError: The process died.
        """
        try:
            self._connection.send_bytes(ENCODER.encode(request))
            self._wait(interrupt)
            return ANSWERS.decode(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            self.close()
            raise InstrumentError(
                f"the QPU's process ended ({self._process.returncode}) while it was at work"
            ) from error

    def _wait(self, interrupt: Interrupt) -> None:
        wait([self._connection, interrupt.descriptor])
        if interrupt.wait(0) and not wait([self._connection], self._patience):
            self.kill()
            raise Interrupted

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """End the process; kill it if it does not go by itself soon."""
        self._connection.close()
        try:
            self._process.wait(_LAST_WORD)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
