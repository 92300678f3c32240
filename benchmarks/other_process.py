"""Clients in processes of their own, so that what they cost is not taken for the station's."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Final, Self

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from benchmarks.station import environment

PATIENCE: Final = 240.0
"""Seconds until a process has said what is waited for."""


class Other:
    """A client of another process, which says and is told lines.

    Args:
        module: Of `benchmarks`.
        arguments: Its arguments.
    """

    def __init__(self, module: str, *arguments: object) -> None:
        self._command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
        self._process: Process | None = None
        self._unread = ""

    async def __aenter__(self) -> Self:
        self._process = await anyio.open_process(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None,
            env=environment(),
        )  # fmt: skip
        assert self._process.stdout is not None
        self._lines = TextReceiveStream(self._process.stdout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        with anyio.CancelScope(shield=True):
            if self._process.returncode is None:
                self._process.kill()
            await self._process.aclose()

    async def say(self, line: str) -> None:
        """Tell it something."""
        assert self._process is not None
        assert self._process.stdin is not None
        await self._process.stdin.send(f"{line}\n".encode())

    async def heard(self, word: str) -> dict[str, float]:
        """Wait for a line that begins with a word, and return the figures behind it."""
        with anyio.fail_after(PATIENCE):
            while True:
                said, _, figures = (await self._line()).partition(" ")
                if said == word:
                    return msgspec.json.decode(figures or "{}", type=dict[str, float])

    async def _line(self) -> str:
        while "\n" not in self._unread:
            self._unread += await self._lines.receive()
        line, _, self._unread = self._unread.partition("\n")
        return line
