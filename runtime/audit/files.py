"""Lines in files: one file for each day and for each `MOST_FILE_BYTES`, JSON by lines.

Rule 1. Only the daemon's user may read them.
Rule 2. Lines are only ever added at the end. Half a line, which a crash may leave, is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from stationd.proto.audit_requests import AuditLine

MOST_FILE_BYTES: Final = 16 * 1024 * 1024
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(AuditLine)


class Files:
    """The files of the audit log. All of this blocks.

    Args:
        folder: Where they are; made when the first line comes.
        days: How long they are kept.
        most_bytes: What they may take up together.
    """

    def __init__(self, folder: Path, days: int, most_bytes: int) -> None:
        self._folder = folder
        self._days = days
        self._most_bytes = most_bytes
        self._path: Path | None = None
        """Where the last lines have gone."""

    def add(self, lines: Sequence[AuditLine], *, durably: bool) -> None:
        """Write lines at the end.

        Raises:
            OSError: The disk does not take them.
        """
        text = b"".join(_ENCODER.encode(line) + b"\n" for line in lines)
        path = self._current(lines[-1].time_unix_s)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            self._path = path if size + len(text) < MOST_FILE_BYTES else None
            # What a crash has left of a line must not spoil the next one.
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                text = b"\n" + text
            _write_all(descriptor, text)
            if durably:
                os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if size == 0:
            _sync_folder(self._folder)
            self.remove_old(lines[-1].time_unix_s)

    def newest(
        self, matches: Callable[[AuditLine], bool], since_unix_s: float, limit: int
    ) -> tuple[tuple[AuditLine, ...], bool]:
        """Return the newest lines that match, in the order of time, and whether there are more."""
        found: list[AuditLine] = []
        for line in self._backwards(since_unix_s):
            if line.time_unix_s >= since_unix_s and matches(line):
                if len(found) == limit:
                    return tuple(reversed(found)), True
                found.append(line)
        return tuple(reversed(found)), False

    def remove_old(self, now_unix_s: float) -> None:
        """Remove files that are too old, and the oldest of too many."""
        oldest = (_day(now_unix_s) - timedelta(days=self._days)).strftime("%Y-%m-%d")
        there = self._all()
        total = sum(path.stat().st_size for path in there)
        for path in there[:-1]:
            if path.name[: len(oldest)] >= oldest and total <= self._most_bytes:
                return
            total -= path.stat().st_size
            path.unlink(missing_ok=True)

    def _current(self, now_unix_s: float) -> Path:
        day = _day(now_unix_s).strftime("%Y-%m-%d")
        if self._path is not None and self._path.name.startswith(day) and self._path.exists():
            return self._path
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        of_today = [path for path in self._all() if path.name.startswith(day)]
        if of_today and of_today[-1].stat().st_size < MOST_FILE_BYTES:
            return of_today[-1]
        number = int(of_today[-1].name.split(".")[1]) + 1 if of_today else 1
        return self._folder / f"{day}.{number:05d}.jsonl"

    def _all(self) -> list[Path]:
        """Return all files, the oldest first."""
        return sorted(self._folder.glob("????-??-??.?????.jsonl"))

    def _backwards(self, since_unix_s: float) -> Iterator[AuditLine]:
        first = _day(since_unix_s).strftime("%Y-%m-%d")
        for path in reversed(self._all()):
            if path.name[: len(first)] < first:
                return
            for text in reversed(path.read_bytes().splitlines()):
                try:
                    yield _DECODER.decode(text)
                except (ValueError, RecursionError):
                    continue


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _day(time_unix_s: float) -> datetime:
    return datetime.fromtimestamp(max(0.0, time_unix_s), UTC)
