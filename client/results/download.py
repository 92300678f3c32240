"""Fetching stored results: in pieces, checked against their digest.

Small ones are kept in memory. A large one goes to a file as it comes, which is then mapped: it
takes a place on the disk, and of the memory what is looked at.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from stationd.proto.error import ProtocolViolation
from stationd.proto.jobs_protocol import Chunk, Fetch

if TYPE_CHECKING:
    from stationd.client.connection.connection import Connection
    from stationd.proto.job import ArtifactRef


_KEPT: Final[OrderedDict[str, bytes]] = OrderedDict()
_LOCK: Final = threading.Lock()
MOST_KEPT_BYTES: Final = 64 * 1024 * 1024
"""What is kept of results that were fetched, the newest of them. A larger one goes to a file."""
_ON_DISK: Final = "/var/tmp"  # noqa: S108 - the files there have no names


async def fetched(connection: Connection, artifact: ArtifactRef) -> bytes | mmap.mmap:
    """Return an artifact: the bytes of a small one, and a large one as a mapped file.

    What is written to the mapped file is seen by nobody else. It takes its place on the disk
    until nothing lies on it any more: in ``TMPDIR``, or else in ``/var/tmp``.

    Raises:
        UnknownArtifact: The station has no such result, or has no longer.
        ProtocolViolation: What arrived is not what the station has stored.
        OSError: A large one does not fit on the disk.
    """
    if artifact.size_bytes <= MOST_KEPT_BYTES:
        return await cached(connection, artifact)
    return await _mapped(connection, artifact)


async def cached(connection: Connection, artifact: ArtifactRef) -> bytes:
    """Return the bytes of an artifact, from memory if they were fetched lately.

    Raises:
        UnknownArtifact: The station has no such result, or has no longer.
        ProtocolViolation: What arrived is not what the station has stored.
    """
    # The digest is the content, whichever station it came from.
    with _LOCK:
        known = _KEPT.get(artifact.sha256)
        if known is not None:
            _KEPT.move_to_end(artifact.sha256)
            return known
    data = await fetch(connection, artifact)
    with _LOCK:
        _KEPT[artifact.sha256] = data
        while sum(map(len, _KEPT.values())) > MOST_KEPT_BYTES:
            _KEPT.popitem(last=False)
    return data


def forget_all() -> None:
    """Keep nothing of what was fetched."""
    with _LOCK:
        _KEPT.clear()


async def fetch(connection: Connection, artifact: ArtifactRef) -> bytes:
    """Return the bytes of an artifact.

    Raises:
        UnknownArtifact: The station has no such result, or has no longer.
        ProtocolViolation: What arrived is not what the station has stored.
    """
    data = bytearray()
    while len(data) < artifact.size_bytes:
        data += await _piece(connection, artifact, len(data))
    _check(artifact, len(data), hashlib.sha256(data).hexdigest())
    return bytes(data)


async def _mapped(connection: Connection, artifact: ArtifactRef) -> mmap.mmap:
    file = await to_thread.run_sync(_NamelessFile, artifact.size_bytes)
    try:
        while file.size < artifact.size_bytes:
            piece = await _piece(connection, artifact, file.size)
            await to_thread.run_sync(file.add, piece)
        _check(artifact, file.size, file.digest)
        return file.map()
    finally:
        file.close()


def _check(artifact: ArtifactRef, size: int, digest: str) -> None:
    if size != artifact.size_bytes or digest != artifact.sha256:
        raise ProtocolViolation(
            f"the result {artifact.id} arrived damaged: {size:,} of"
            f" {artifact.size_bytes:,} bytes, digest {digest}, not {artifact.sha256}; `stationd"
            " verify` on the station's host tells whether it is stored like that"
        )


class _NamelessFile:
    """A file that is gone when nobody uses it any more.

    Args:
        size: Bytes that it will have.

    Raises:
        OSError: There is no room for it.
    """

    def __init__(self, size: int) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        folder = disk_folder()
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - `close` is called
        try:
            os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as error:
            self._file.close()
            raise OSError(
                error.errno,
                f"a result of {size:,} bytes does not fit ({error.strerror}): make room, or name"
                " another folder in TMPDIR",
                folder,
            ) from error

    @property
    def digest(self) -> str:
        return self._sha256.hexdigest()

    def add(self, data: bytes) -> None:
        self._sha256.update(data)
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._file.fileno(), rest, self.size)
            self.size, rest = self.size + written, rest[written:]

    def map(self) -> mmap.mmap:
        return mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_COPY)

    def close(self) -> None:
        self._file.close()


def disk_folder() -> str:
    """Return where large results go: to a disk, and ``/tmp`` is often in memory."""
    if "TMPDIR" not in os.environ and os.access(_ON_DISK, os.W_OK):
        return _ON_DISK
    return tempfile.gettempdir()


async def _piece(connection: Connection, artifact: ArtifactRef, offset: int) -> bytes:
    chunk, frames = await connection.ask_for_data(Fetch(0, artifact.id, offset), Chunk)
    piece = b"".join(frames)
    if chunk.offset != offset or not piece:
        raise ProtocolViolation(
            f"the station sent {len(piece)} bytes at {chunk.offset} of the result"
            f" {artifact.id}, where a piece at {offset} was asked for"
        )
    return piece
