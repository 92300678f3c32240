"""Questions about what belongs to jobs, about calibrations and controllers."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder

from stationd.actors.stages.stretches import Covered, Range, merged
from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.instruments_protocol import Data
from stationd.proto.job import ArtifactRef
from stationd.proto.program import Capabilities
from stationd.proto.project import Project
from stationd.runtime.journal.codes import Term
from stationd.runtime.journal.queries.query import PAGE_BYTES, Query
from stationd.runtime.journal.records import BlockStored, ControllerSeen, QueueNoted, VersionsSeen
from stationd.runtime.journal.stored import Execution, StoredArtifact
from stationd.runtime.journal.view import owner

if TYPE_CHECKING:
    from collections.abc import Iterable

_SET: Final = Decoder(CalibrationSet)
_HEADER: Final = Decoder(Data)
_CAPABILITIES: Final = Decoder(Capabilities)
_VERSIONS: Final = Decoder(dict[str, str])


class ResultSizes(Query[tuple[dict[str, int], int | None]], frozen=True, array_like=True, tag=60):
    """How much do the results of some jobs take up, by their creators?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[dict[str, int], int | None])
    after: int
    """The number of the last job of the page before; 0 to begin."""
    limit: int
    """Jobs to look at."""

    def answer(self, database: sqlite3.Connection) -> tuple[dict[str, int], int | None]:
        """Return bytes by creator, and the number of the last job; None if there are no more."""
        last = database.execute(_LAST_OF_PAGE, (self.after, self.limit)).fetchone()[0]
        if last is None:
            return {}, None
        return dict(database.execute(_RESULT_SIZES, (self.after, last)).fetchall()), last


class ProjectSize(Query[tuple[int, int | None]], frozen=True, array_like=True, tag=64):
    """How much do the results of some jobs of a project take up?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[int, int | None])
    project: str
    after: int
    """The number of the last job of the page before; 0 to begin."""
    limit: int
    """Jobs to look at."""

    def answer(self, database: sqlite3.Connection) -> tuple[int, int | None]:
        """Return bytes, and the number of the last job; None if there are no more."""
        values = (int(Term.PROJECT), self.project, self.after, self.limit)
        last = database.execute(_LAST_OF_PROJECT, values).fetchone()[0]
        if last is None:
            return 0, None
        values = (int(Term.PROJECT), self.project, self.after, last)
        return database.execute(_PROJECT_SIZE, values).fetchone()[0], last


class Work(Query[bytes | None], frozen=True, array_like=True, tag=6):
    """What is the compiled work of a job?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(bytes | None)
    number: int

    def answer(self, database: sqlite3.Connection) -> bytes | None:
        """Return the work, or None if there is none."""
        query = "SELECT data FROM works WHERE number = ?"
        row = database.execute(query, (self.number,)).fetchone()
        return None if row is None else row[0]


class Executed(Query[Execution], frozen=True, array_like=True, tag=63):
    """What is on record of the execution of a job's attempt?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(Execution)
    number: int
    attempt: int

    def answer(self, database: sqlite3.Connection) -> Execution:
        """Return what was to be executed, and by which ticket."""
        values = (self.number, self.attempt)
        metadata = database.execute(_METADATA_OF, values).fetchone()
        ticket = database.execute(_TICKET_OF, values).fetchone()
        return Execution(*(None if row is None else row[0] for row in (metadata, ticket)))


class Blocks(Query[tuple[list[BlockStored], bool]], frozen=True, array_like=True, tag=7):
    """What raw data has an attempt?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[list[BlockStored], bool])
    number: int
    attempt: int
    after: tuple[str, int]
    """Controller and index of the last block of the page before; ``("", -1)`` to begin."""
    last: tuple[str, int] = (chr(0x10FFFF), 0)
    """Those of the last block that is wanted."""

    def answer(self, database: sqlite3.Connection) -> tuple[list[BlockStored], bool]:
        """Return a page of blocks, by controller and index, and whether there are more."""
        found: list[BlockStored] = []
        size = 0
        values = (self.number, self.attempt, *self.after, *self.last)
        rows = database.execute(_BLOCKS, values)
        for controller, index, header, data in rows:
            if size >= PAGE_BYTES:
                return found, True
            found.append(BlockStored(self.number, self.attempt, controller, index, header, data))
            size += len(header) + len(data)
        return found, False


class BlockCounts(Query[dict[str, int]], frozen=True, array_like=True, tag=15):
    """How many blocks of raw data has an attempt?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(dict[str, int])
    number: int
    attempt: int

    def answer(self, database: sqlite3.Connection) -> dict[str, int]:
        """Return how many there are of each controller."""
        return dict(database.execute(_BLOCK_COUNTS, (self.number, self.attempt)).fetchall())


class CoveredSpots(
    Query[tuple[Covered, tuple[str, int] | None]], frozen=True, array_like=True, tag=62
):
    """Which spots of a sweep has an attempt stored?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[Covered, tuple[str, int] | None])
    number: int
    attempt: int
    after: tuple[str, int]
    """As `Blocks` has it."""

    def answer(self, database: sqlite3.Connection) -> tuple[Covered, tuple[str, int] | None]:
        """Return what a page of blocks holds, by readout, and its last block; None at the end."""
        heads = block_heads(database, self.number, self.attempt, self.after)
        last = (heads[-1][0], heads[-1][1]) if heads else None
        return covered((controller, header) for controller, _, header, _ in heads), last


def covered(heads: Iterable[tuple[str, bytes]]) -> Covered:
    """Return which spots some blocks hold, by readout.

    Args:
        heads: Controller and encoded header of each block.
    """
    found: dict[str, list[Range]] = {}
    for controller, encoded in heads:
        try:
            header = _HEADER.decode(encoded)
        except msgspec.MsgspecError:
            # Of such a block no result can be made; it holds nothing.
            continue
        rows = header.shape[0] if header.shape else 0
        name = f"{controller}.{header.name}"
        found.setdefault(name, []).append((header.offset, header.offset + rows))
    return {name: merged(ranges) for name, ranges in found.items()}


def block_heads(
    database: sqlite3.Connection, number: int, attempt: int, after: tuple[str, int]
) -> list[tuple[str, int, bytes, int]]:
    """Return controller, index, header and size of some blocks, without reading their data.

    For workers, which read the journal themselves.
    """
    values = (number, attempt, *after, _HEADS_TOGETHER)
    return database.execute(_HEADS, values).fetchall()


class Artifact(Query[StoredArtifact | None], frozen=True, array_like=True, tag=8):
    """Where is a result?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(StoredArtifact | None)
    artifact: str

    def answer(self, database: sqlite3.Connection) -> StoredArtifact | None:
        """Return the result, or None if the id is unknown."""
        attempt, _, item = self.artifact.partition("/")[2].partition("/")
        values = (owner(self.artifact), self.artifact, attempt, item)
        row = database.execute(_ARTIFACT, values).fetchone()
        if row is None:
            return None
        size, digest, data = row
        ref = ArtifactRef(id=self.artifact, size_bytes=size, sha256=digest.hex())
        return StoredArtifact(ref, data)


class Calibration(Query[CalibrationSet | None], frozen=True, array_like=True, tag=9):
    """What is in a calibration set?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(CalibrationSet | None)
    calibration_set: str

    def answer(self, database: sqlite3.Connection) -> CalibrationSet | None:
        """Return the set, or None if the id is unknown."""
        query = "SELECT data FROM calibration_sets WHERE id = ?"
        row = database.execute(query, (self.calibration_set,)).fetchone()
        return None if row is None else _SET.decode(row[0])


class DefaultCalibration(Query[str | None], frozen=True, array_like=True, tag=10):
    """Which calibration set is a target's default?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(str | None)
    target: str

    def answer(self, database: sqlite3.Connection) -> str | None:
        """Return the set's id, or None if the target has no default."""
        query = "SELECT id FROM calibration_defaults WHERE target = ?"
        row = database.execute(query, (self.target,)).fetchone()
        return None if row is None else row[0]


class Calibrations(Query[list[CalibrationSummary]], frozen=True, array_like=True, tag=11):
    """Which calibration sets are there?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[CalibrationSummary])
    target: str
    """Empty for those of all targets."""

    def answer(self, database: sqlite3.Connection) -> list[CalibrationSummary]:
        """Return the sets, the newest first."""
        rows = database.execute(_CALIBRATIONS, (self.target,))
        return [
            CalibrationSummary(
                id=id_,
                target=target,
                created_unix_s=created,
                name=name,
                observations=observations,
                default=bool(default),
                expires_unix_s=_EXPIRY.decode(data).expires_unix_s,
            )
            for id_, target, created, name, observations, default, data in rows
        ]


class _Expiry(Struct):
    """Of a calibration set, without its observations."""

    expires_unix_s: float | None = None


_EXPIRY: Final = Decoder(_Expiry)


class Projects(Query[list[Project]], frozen=True, array_like=True, tag=51):
    """Which projects are there?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[Project])

    def answer(self, database: sqlite3.Connection) -> list[Project]:
        """Return all of them, by name."""
        rows = database.execute("SELECT data FROM projects ORDER BY name")
        return [_PROJECT.decode(data) for (data,) in rows]


class Controllers(Query[list[ControllerSeen]], frozen=True, array_like=True, tag=12):
    """What did the controllers say of themselves?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[ControllerSeen])

    def answer(self, database: sqlite3.Connection) -> list[ControllerSeen]:
        """Return what each said last, by name."""
        rows = database.execute(
            "SELECT name, driver, ledger, version, time_unix_s, capabilities FROM controllers"
            " ORDER BY name"
        )
        return [
            ControllerSeen(name, driver, ledger, version, time, _CAPABILITIES.decode(blob))
            for name, driver, ledger, version, time, blob in rows
        ]


_PROJECT: Final = Decoder(Project)


class Versions(Query[list[VersionsSeen]], frozen=True, array_like=True, tag=61):
    """What did the daemon and the controllers run at a time?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[VersionsSeen])
    at_unix_s: float

    def answer(self, database: sqlite3.Connection) -> list[VersionsSeen]:
        """Return what each ran last until then, the daemon first."""
        rows = database.execute(_RAN, (self.at_unix_s,))
        return [VersionsSeen(name, since, _VERSIONS.decode(data)) for name, since, data in rows]


class QueueNotes(Query[list[QueueNoted]], frozen=True, array_like=True, tag=50):
    """What must the queue not forget?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[QueueNoted])

    def answer(self, database: sqlite3.Connection) -> list[QueueNoted]:
        """Return all notes, by kind and name."""
        rows = database.execute("SELECT kind, name, data FROM queue_notes ORDER BY kind, name")
        return [QueueNoted(*row) for row in rows]


_BLOCKS: Final = """
SELECT controller, block, header, data FROM blocks
WHERE number = ? AND attempt = ? AND (controller, block) > (?, ?) AND (controller, block) <= (?, ?)
ORDER BY controller, block"""
_BLOCK_COUNTS: Final = """
SELECT controller, count(*) FROM blocks WHERE number = ? AND attempt = ? GROUP BY controller"""
_HEADS: Final = """
SELECT controller, block, header, length(data) FROM blocks
WHERE number = ? AND attempt = ? AND (controller, block) > (?, ?)
ORDER BY controller, block LIMIT ?"""
_HEADS_TOGETHER: Final = 1000
_ARTIFACT: Final = """
SELECT size_bytes, sha256, data FROM items
WHERE number = (SELECT number FROM jobs WHERE id = ?)
  AND (artifact = ? OR artifact = '' AND (CAST(attempt AS TEXT), CAST(item AS TEXT)) = (?, ?))"""
_OF_PROJECT: Final = "term = (SELECT id FROM terms WHERE kind = ? AND word = ?)"
_LAST_OF_PROJECT: Final = f"""
SELECT max(number) FROM
  (SELECT number FROM tags WHERE {_OF_PROJECT} AND number > ? ORDER BY number LIMIT ?)"""  # noqa: S608 - our own text
_PROJECT_SIZE: Final = f"""
SELECT coalesce(sum(size_bytes), 0) FROM tags CROSS JOIN items USING (number)
WHERE {_OF_PROJECT} AND number > ? AND number <= ?"""  # noqa: S608 - our own text
_METADATA_OF: Final = "SELECT metadata FROM sweeps WHERE number = ? AND attempt = ?"
_TICKET_OF: Final = "SELECT ticket FROM jobs WHERE number = ? AND ticket_attempt = ?"
_CALIBRATIONS: Final = """
SELECT sets.id, sets.target, created_unix_s, name, observations,
  defaults.id IS NOT NULL, data
FROM calibration_sets AS sets
LEFT JOIN calibration_defaults AS defaults
  ON defaults.target = sets.target AND defaults.id = sets.id
WHERE ? IN ('', sets.target)
ORDER BY created_unix_s DESC, sets.id DESC"""
_LAST_OF_PAGE: Final = """
SELECT max(number) FROM (SELECT number FROM jobs WHERE number > ? ORDER BY number LIMIT ?)"""
_RESULT_SIZES: Final = """
SELECT terms.word, sum(items.size_bytes) FROM items
JOIN jobs USING (number) JOIN terms ON terms.id = jobs.creator
WHERE items.number > ? AND items.number <= ? AND items.size_bytes IS NOT NULL
GROUP BY terms.word"""
_RAN: Final = """
SELECT controller, since_unix_s, data FROM versions AS seen
WHERE id = (
  SELECT id FROM versions WHERE controller = seen.controller AND since_unix_s <= ?
  ORDER BY since_unix_s DESC, id DESC LIMIT 1)
ORDER BY controller"""
