"""Stored results: small ones in the journal, larger ones as files."""

from __future__ import annotations

import os
import re
import shutil
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from anyio import CapacityLimiter, to_thread
from msgspec import Struct

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.error import UnknownArtifact
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.runtime.journal.stored import StoredArtifact
    from stationd.runtime.work.object_store import ObjectStore


TOMBSTONES: Final = ".removed"
"""The folder, among those of jobs, of those that are to be removed in the other store."""
JOB_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""What a folder of the store is called."""
_MOST_AWAY: Final = 8
"""Pieces that are fetched from the other store at a time."""
_MOST_FETCHED_BYTES: Final = 8 * 1024 * 1024
"""Of a result that is elsewhere, to see what stands in it."""


class _Beside(Struct):
    """What is read of a result of any kind; the rest is skipped."""

    metadata: dict[str, str] = {}


_METADATA: Final = msgspec.msgpack.Decoder(_Beside)


class Files(NamedTuple):
    """What there is of a job."""

    job: JobId
    written: float
    """When the newest of them was, Unix seconds."""
    size: int
    """Bytes, of all together."""


class Artifacts:
    """Reads results, piece by piece.

    Args:
        directory: Where those that are files are.
        store: Where they are that are not there any more; None if there is no such place.
    """

    def __init__(self, directory: Path, store: ObjectStore | None = None) -> None:
        self.directory = directory
        self.store = store
        # The store may hang; the files here are read by others' threads meanwhile.
        self._few = CapacityLimiter(_MOST_AWAY)
        self.gone: Callable[[JobId], None] = _nobody
        """Called back with every job whose files have been removed here."""

    async def read(self, stored: StoredArtifact, offset: int) -> bytes:
        """Return at most `CHUNK_BYTES` of a result.

        Raises:
            UnknownArtifact: Its file is not there any more.
        """
        if offset < 0:
            raise UnknownArtifact(f"a result has no byte {offset}")
        if stored.data is not None:
            return stored.data[offset : offset + CHUNK_BYTES]
        path = artifact_path(self.directory, stored.ref.id)
        try:
            return await to_thread.run_sync(_read, path, offset)
        except FileNotFoundError as error:
            if self.store is None:
                raise UnknownArtifact(f"the file of the result is gone: {path}") from error
        key = f"{path.parent.name}/{path.name}"
        length = min(CHUNK_BYTES, max(0, stored.ref.size_bytes - offset))
        try:
            return await to_thread.run_sync(
                self.store.read, key, offset, length, abandon_on_cancel=True, limiter=self._few
            )
        except FileNotFoundError as error:
            raise UnknownArtifact(
                f"the result is gone: it is neither at {path} nor in {self.store.url}"
            ) from error

    async def metadata(self, stored: StoredArtifact) -> dict[str, str]:
        """Return what stands in a result beside its data.

        Empty for a large one that is not here any more. Nothing of the data is looked at.
        """
        if stored.data is not None:
            return _METADATA.decode(stored.data).metadata
        path = artifact_path(self.directory, stored.ref.id)
        try:
            return await to_thread.run_sync(_metadata, path)
        except FileNotFoundError:
            pieces: list[bytes] = []
            if stored.ref.size_bytes <= _MOST_FETCHED_BYTES:
                offsets = range(0, stored.ref.size_bytes, CHUNK_BYTES)
                pieces = [await self.read(stored, offset) for offset in offsets]
            return _METADATA.decode(b"".join(pieces)).metadata if pieces else {}

    async def bury(self, job: JobId) -> None:
        """Note that a job is about to go: so what is elsewhere of it goes whatever happens.

        Raises:
            OSError: It cannot be noted.
        """
        if self.store is not None:
            await to_thread.run_sync(_bury, self.directory / TOMBSTONES, job)

    async def remove(self, job: JobId) -> None:
        """Remove the files of a job that is not stored any more, if there are any."""
        await to_thread.run_sync(_remove, self.directory / job)
        self.gone(job)

    async def oldest(self) -> list[Files]:
        """Return what there is of each job, what was written first before the others."""
        return await to_thread.run_sync(_looked_through, self.directory)


def _metadata(path: Path) -> dict[str, str]:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return _METADATA.decode(data).metadata


def _nobody(_: JobId) -> None:
    """Hear that a job's files are gone where there is no other store."""


def _bury(folder: Path, job: JobId) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / job).touch()
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _looked_through(directory: Path) -> list[Files]:
    found: list[Files] = []
    try:
        with os.scandir(directory) as folders:
            found.extend(_files(folder) for folder in folders if JOB_ID.fullmatch(folder.name))
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda files: files.written)


def _files(folder: os.DirEntry[str]) -> Files:
    written, size = 0.0, 0
    try:
        for file in os.scandir(folder):
            status = file.stat(follow_symlinks=False)
            written, size = max(written, status.st_mtime), size + status.st_size
    except FileNotFoundError:
        pass  # it is being removed
    return Files(JobId(folder.name), written, size)


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK_BYTES)
