"""The artifact store: where results are that the journal does not hold."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from stationd.proto.error import UnknownArtifact
from stationd.proto.job import ArtifactRef
from stationd.proto.result import Result, encode_result

HEALING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG})
"""What is wrong with a disk that may be right again."""
_ID: Final = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(\d{1,9})/(\d{1,9})", re.ASCII
)
"""``<job>/<attempt>/<item>``; nothing else becomes a path."""


def artifact_path(directory: str | Path, artifact: str) -> Path:
    """Return where an artifact is, or would be.

    Raises:
        UnknownArtifact: The id is not one of ours, for example a path to somewhere else.
    """
    job, attempt, item = _parts(artifact)
    return Path(directory) / job / f"{attempt}-{item}"


def _parts(artifact: str) -> tuple[str, str, str]:
    found = _ID.fullmatch(artifact)
    if found is None:
        raise UnknownArtifact(f"no result has the id {artifact[:100]!r}: it is job/attempt/item")
    return found[1], found[2], found[3]


def seal(
    directory: str | Path, artifact: str, result: Result, inline_bytes: int
) -> tuple[ArtifactRef, bytes | None]:
    """Encode a result and, unless it is small, store it durably.

    Args:
        directory: The artifact store.
        artifact: The result's id.
        result: The result.
        inline_bytes: Up to this size the bytes are returned and nothing is written.

    Returns:
        The reference, and the bytes or None.

    Raises:
        UnknownArtifact: The id is malformed; nothing has been written.
        OSError: The disk failed; nothing new stands under the artifact's name.
    """
    data = encode_result(result)
    _parts(artifact)
    reference = ArtifactRef(
        id=artifact, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
    if len(data) <= inline_bytes:
        return reference, data
    _write(artifact_path(directory, artifact), data)
    return reference, None


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole and durable, or not there."""
    folder = path.parent
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _sync(folder.parent)
    # In the same folder, since a rename is atomic within one file system only.
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync(folder)


def _sync(folder: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
