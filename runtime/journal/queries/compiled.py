"""Questions about compiled circuits, which are part of the work that a job's rung stored.

The work of a large job is megabytes; it is looked through here, in the reader's process, and only
what is asked for leaves it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Raw, Struct
from msgspec.msgpack import Decoder

from stationd.proto.compiled_requests import CompiledItem
from stationd.proto.job import ArtifactRef, JobId
from stationd.runtime.journal.queries.query import Query
from stationd.runtime.journal.stored import StoredArtifact
from stationd.runtime.journal.view import owner

if TYPE_CHECKING:
    import sqlite3

_ID: Final = re.compile(r"[^/]+/(?P<attempt>\d{1,18})/(?P<item>\d{1,9})/compiled")


class _Stored(Struct):
    """Of a job's stored work, its compiled circuits as they were encoded."""

    compiled: dict[int, Raw] = {}


class _Native(Struct):
    """Of a native circuit, what it is called."""

    name: str = ""


class _Head(Struct):
    """Of a compiled circuit, all but its instructions and its text."""

    depth: int
    two_qubit_gates: int
    native: _Native
    metadata: dict[str, str] = {}
    duration: float = 0.0
    initial_layout: tuple[str, ...] = ()
    final_layout: tuple[str, ...] = ()


_STORED: Final = Decoder(_Stored)
_HEAD: Final = Decoder(_Head)
_WORK: Final = """
SELECT works.attempt, works.data FROM jobs JOIN works USING (number) WHERE jobs.id = ?"""


def is_compiled(artifact: str) -> bool:
    """Return whether an artifact's id is that of a compiled circuit."""
    return _ID.fullmatch(artifact) is not None


def heads(job: JobId, attempt: int, work: bytes) -> list[CompiledItem]:
    """Return what the compiler made of a job's circuits, without the circuits."""
    return [
        _head(ref(job, attempt, index, bytes(data)), index, _HEAD.decode(data))
        for index, data in sorted(_STORED.decode(work).compiled.items())
    ]


def one(artifact: str, attempt: int, work: bytes) -> StoredArtifact | None:
    """Return a compiled circuit, or None if the work is of another attempt, or lacks it."""
    named = _ID.fullmatch(artifact)
    if named is None or int(named["attempt"]) != attempt:
        return None
    data = _STORED.decode(work).compiled.get(int(named["item"]))
    if data is None:
        return None
    whole = bytes(data)
    return StoredArtifact(ref(owner(artifact), attempt, int(named["item"]), whole), whole)


def ref(job: JobId, attempt: int, index: int, data: bytes) -> ArtifactRef:
    """Return the reference of a compiled circuit."""
    return ArtifactRef(
        id=f"{job}/{attempt}/{index}/compiled",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _head(artifact: ArtifactRef, index: int, head: _Head) -> CompiledItem:
    return CompiledItem(
        index=index,
        artifact=artifact,
        depth=head.depth,
        two_qubit_gates=head.two_qubit_gates,
        duration=head.duration,
        initial_layout=head.initial_layout,
        final_layout=head.final_layout,
        compiler=head.metadata.get("compiler", ""),
        name=head.native.name,
    )


class CompiledItems(Query[list[CompiledItem]], frozen=True, array_like=True, tag=71):
    """What did the compiler make of a job's circuits?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[CompiledItem])
    job: JobId

    def answer(self, database: sqlite3.Connection) -> list[CompiledItem]:
        """Return that by index; nothing if nothing is compiled."""
        row = database.execute(_WORK, (self.job,)).fetchone()
        return [] if row is None else heads(self.job, row[0], row[1])


class CompiledArtifact(Query[StoredArtifact | None], frozen=True, array_like=True, tag=72):
    """What is a compiled circuit?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(StoredArtifact | None)
    artifact: str

    def answer(self, database: sqlite3.Connection) -> StoredArtifact | None:
        """Return it, or None if there is none under this id."""
        row = database.execute(_WORK, (owner(self.artifact),)).fetchone()
        return None if row is None else one(self.artifact, row[0], row[1])
