"""The artifact store: where results are that the journal does not hold."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from stationd.proto.error import UnknownArtifact
from stationd.proto.job import ArtifactRef
from stationd.proto.result import Result, encode_result

if TYPE_CHECKING:
    from types import TracebackType

HEALING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG})
"""What is wrong with a disk that may be right again."""
_FLUSHED_BYTES: Final = 16 * 1024 * 1024
"""What waits for the disk at most: who else has something to flush waits for all of it."""
_ID: Final = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(\d{1,9})/(\d{1,9})", re.ASCII
)
"""``<job>/<attempt>/<item>``; nothing else becomes a path."""


def artifact_path(directory: str | Path, artifact: str) -> Path:
    """Return where an artifact is, or would be.

    Raises:
        UnknownArtifact: The id is not one of ours, for example a path to somewhere else.
    """
    found = _ID.fullmatch(artifact)
    if found is None:
        raise UnknownArtifact(f"no result has the id {artifact[:100]!r}: it is job/attempt/item")
    return Path(directory) / found[1] / f"{found[2]}-{found[3]}"


class Draft:
    """A result that is being written: any part of it at any time, then all is sealed.

    A small one is written in memory, and a large one to a file that is whole and durable under
    the artifact's name once it is sealed, or not there. To be used in a ``with`` statement.

    Args:
        directory: The artifact store.
        artifact: The result's id.
        size: Its bytes; what is not written is zero.
        inline_bytes: Up to this size nothing is written to the disk.

    Raises:
        UnknownArtifact: The id is malformed; nothing has been written.
        OSError: The disk has no room for it, or fails.
    """

    def __init__(self, directory: str | Path, artifact: str, size: int, inline_bytes: int) -> None:
        self._artifact = artifact
        self._size = size
        self._path = artifact_path(directory, artifact)
        self._memory = bytearray(size if size <= inline_bytes else 0)
        self._file: _NewFile | None = None
        if size > inline_bytes:
            self._file = _NewFile(self._path, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.drop()

    def write(self, place: int, data: bytes | bytearray) -> None:
        """Write a part.

        Raises:
            OSError: The disk failed.
        """
        if self._file is None:
            self._memory[place : place + len(data)] = data
        else:
            self._file.write(place, data)

    def seal(self) -> tuple[ArtifactRef, bytes | None]:
        """End the writing.

        Returns:
            The reference, and the bytes of a small result, else None.

        Raises:
            OSError: The disk failed; nothing new stands under the artifact's name.
        """
        if self._file is None:
            digest = hashlib.sha256(self._memory).hexdigest()
            data: bytes | None = bytes(self._memory)
        else:
            digest, data = self._file.digest(), None
            self._file.keep()
        return ArtifactRef(id=self._artifact, size_bytes=self._size, sha256=digest), data


def seal(
    directory: str | Path, artifact: str, result: Result, inline_bytes: int
) -> tuple[ArtifactRef, bytes | None]:
    """Encode a result and, unless it is small, store it durably: see `Draft`."""
    data = encode_result(result)
    with Draft(directory, artifact, len(data), inline_bytes) as draft:
        draft.write(0, data)
        return draft.seal()


class _NewFile:
    """A file that has no name yet that anybody would look for."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._unflushed = 0
        folder = path.parent
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(folder.parent)
        # In the same folder, since a rename is atomic within one file system only.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
        self._temporary = Path(name)
        self._file = os.fdopen(handle, "r+b", buffering=0)
        try:
            # That there is no room is known before the work is done.
            os.posix_fallocate(handle, 0, size)
        except BaseException:
            self.drop()
            raise

    def write(self, place: int, data: bytes | bytearray) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._file.fileno(), rest, place)
            place, rest = place + written, rest[written:]
            self._unflushed += written
        if self._unflushed >= _FLUSHED_BYTES:
            os.fdatasync(self._file.fileno())
            self._unflushed = 0

    def digest(self) -> str:
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()

    def keep(self) -> None:
        """Make it durable and give it its name."""
        os.fsync(self._file.fileno())
        self._temporary.replace(self._path)
        _sync(self._path.parent)

    def drop(self) -> None:
        """Let go of the file, and remove it if it was not to be kept."""
        self._file.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink()


def _sync(folder: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
