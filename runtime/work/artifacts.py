"""Stored results: small ones in the journal, larger ones as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.error import UnknownArtifact
from stationd.proto.jobs_protocol import CHUNK_BYTES

if TYPE_CHECKING:
    from stationd.runtime.journal.interface import StoredArtifact


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


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK_BYTES)
    except FileNotFoundError as error:
        raise UnknownArtifact(f"the file of the result is gone: {path}") from error
