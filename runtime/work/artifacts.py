"""Stored results: small ones in the journal, larger ones as files."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from anyio import to_thread

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.error import UnknownArtifact
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import CHUNK_BYTES

if TYPE_CHECKING:
    from stationd.runtime.journal.interface import StoredArtifact


JOB_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""What a folder of the store is called."""


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
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def read(self, stored: StoredArtifact, offset: int) -> bytes:
        """Return at most `CHUNK_BYTES` of a result.

        Raises:
            UnknownArtifact: Its file is not there any more.
        """
        if offset < 0:
            raise UnknownArtifact(f"a result has no byte {offset}")
        if stored.data is not None:
            return stored.data[offset : offset + CHUNK_BYTES]
        path = artifact_path(self._directory, stored.ref.id)
        return await to_thread.run_sync(_read, path, offset)

    async def remove(self, job: JobId) -> None:
        """Remove the files of a job that is not stored any more, if there are any."""
        await to_thread.run_sync(_remove, self._directory / job)

    async def oldest(self) -> list[Files]:
        """Return what there is of each job, what was written first before the others."""
        return await to_thread.run_sync(_looked_through, self._directory)


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
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK_BYTES)
    except FileNotFoundError as error:
        raise UnknownArtifact(f"the file of the result is gone: {path}") from error
