"""Fetching stored results: in pieces, checked against their digest."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from stationd.proto.error import ProtocolViolation
from stationd.proto.jobs_protocol import Chunk, Fetch

if TYPE_CHECKING:
    from stationd.client.connection import Connection
    from stationd.proto.job import ArtifactRef


_KEPT: Final[OrderedDict[str, bytes]] = OrderedDict()
_LOCK: Final = threading.Lock()
MOST_KEPT_BYTES: Final = 64 * 1024 * 1024
"""What is kept of results that were fetched, the newest of them."""


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
    digest = hashlib.sha256(data).hexdigest()
    if len(data) != artifact.size_bytes or digest != artifact.sha256:
        raise ProtocolViolation(
            f"the result {artifact.id} arrived damaged: {len(data):,} of"
            f" {artifact.size_bytes:,} bytes, digest {digest}, not {artifact.sha256}"
        )
    return bytes(data)


async def _piece(connection: Connection, artifact: ArtifactRef, offset: int) -> bytes:
    chunk, frames = await connection.ask_for_data(Fetch(0, artifact.id, offset), Chunk)
    piece = b"".join(frames)
    if chunk.offset != offset or not piece:
        raise ProtocolViolation(
            f"the station sent {len(piece)} bytes at {chunk.offset} of the result"
            f" {artifact.id}, where a piece at {offset} was asked for"
        )
    return piece
