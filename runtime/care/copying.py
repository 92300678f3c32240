"""Files copied so that they are on disk, whole, and known by their checksums."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_PIECE: Final = 1024 * 1024


class Copied(NamedTuple):
    """What was copied."""

    size_bytes: int
    sha256: str


def copy(source: Path, target: Path) -> Copied:
    """Copy a file, flushed, with its folders; what is appended meanwhile may be in it or not.

    Raises:
        OSError: It cannot be read or written; the target may be there in part.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    seen, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("xb") as written:
        while piece := read.read(_PIECE):
            seen.update(piece)
            size += written.write(piece)
        written.flush()
        os.fsync(written.fileno())
    return Copied(size, seen.hexdigest())


def digest(path: Path) -> str:
    """Return a file's SHA-256, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_tree(folder: Path) -> None:
    """Make the names of all files in a folder durable; the files themselves are already."""
    for directory, _, _ in os.walk(folder):
        flush_folder(directory)


def flush_folder(folder: Path | str) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_file(path: Path) -> None:
    """Make what stands in a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
