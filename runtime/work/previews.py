"""What there is of the results of a job that is at work: built when somebody asks.

Rule 1. It is not stored with the job: whose results are built anew, of all data, at its end.
Rule 2. As long as no more data has come, what was built is shown again.
Rule 3. One is built at a time, and what is kept of them is bounded: whoever comes too late to
        fetch one asks for a newer one.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import msgspec
from anyio import to_thread

from stationd.proto.error import UnknownArtifact
from stationd.proto.job import ItemView
from stationd.proto.program import Circuits, NullProgram, Sweep
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.stored import StoredArtifact
from stationd.runtime.work.artifacts import Artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stationd.actors.stages.requests import ItemOutcome
    from stationd.proto.job import JobId
    from stationd.runtime.live import LiveJob
    from stationd.runtime.work.post_processing import PostProcessing

MOST_KEPT: Final = 16
"""Previews, of all jobs together."""
MOST_KEPT_BYTES: Final = 256 * 1024 * 1024
"""What they may take up together; the newest is kept whatever it takes."""
_AT_WORK: Final = frozenset(
    {
        Status.EXECUTION_STARTED,
        Status.EXECUTION_ENDED,
        Status.POST_PROCESSING_PENDING,
        Status.POST_PROCESSING_STARTED,
    }
)


class _Data(NamedTuple):
    """Which raw data a preview was built of."""

    job: JobId
    attempt: int
    size: int
    """Bytes that have come since the daemon started; it only grows."""


class _Preview(NamedTuple):
    of: _Data
    items: tuple[ItemView, ...]
    stored: Mapping[str, StoredArtifact]
    """By the id that clients know."""

    @property
    def size(self) -> int:
        return sum(one.ref.size_bytes for one in self.stored.values())


class Previews:
    """Builds and keeps them.

    Args:
        results: Builds results.
        folder: Where large ones are, each preview in a folder of its own. It is this daemon's
            alone, and what is there already goes.
        epoch: Of the daemon: an id of an earlier one means nothing any more.
    """

    def __init__(self, results: PostProcessing, folder: Path, epoch: int) -> None:
        self._results = results
        self._folder = folder
        self._epoch = epoch
        self._number = 0
        self._kept: OrderedDict[str, _Preview] = OrderedDict()
        self._turn = anyio.Lock()

    async def items(self, live: LiveJob) -> tuple[ItemView, ...]:
        """Return the items of which there is a result so far; empty unless the job is at work.

        Raises:
            StationError: It took too long, or the disk is full.
        """
        if live.job.kind == "compile" or live.job.status not in _AT_WORK or live.blocks == []:
            return ()
        async with self._turn:
            of = _Data(live.job.id, live.job.attempt, live.blocks_bytes)
            for known in self._kept.values():
                if known.of == of:
                    return known.items
            return await self._build(live, of)

    async def read(self, artifact: str, offset: int) -> tuple[StoredArtifact, bytes] | None:
        """Return a piece of a result; None if it is not one of these.

        Raises:
            UnknownArtifact: It was, and is not kept any more.
        """
        name, found, serial = artifact.rpartition("@")
        if not found:
            return None
        preview = self._kept.get(serial)
        if preview is None or artifact not in preview.stored:
            raise UnknownArtifact(
                "this part of a result is not kept any more: ask for the job's results again"
            )
        stored = preview.stored[artifact]
        # On the disk it has the name of what it is a part of.
        there = StoredArtifact(msgspec.structs.replace(stored.ref, id=name), stored.data)
        return stored, await Artifacts(self._folder / serial).read(there, offset)

    async def _build(self, live: LiveJob, of: _Data) -> tuple[ItemView, ...]:
        if not self._number:
            await to_thread.run_sync(_remove, self._folder)
        self._number += 1
        serial = f"{self._epoch}-{self._number}"
        try:
            outcomes = await self._results.so_far(live, self._folder / serial)
        except Exception:
            # A worker that was ended has left what it had written, which may be most of the disk.
            await to_thread.run_sync(_remove, self._folder / serial)
            raise
        begun = [one for one in outcomes if one.result is not None and not _is_null(live, one)]
        items = tuple(_shown(one, of.attempt, serial) for one in begun)
        stored = {
            item.result.id: StoredArtifact(item.result, one.data)
            for item, one in zip(items, begun, strict=True)
            if item.result is not None
        }
        self._kept[serial] = _Preview(of, items, stored)
        await self._tidy()
        return items

    async def _tidy(self) -> None:
        while len(self._kept) > MOST_KEPT or (len(self._kept) > 1 and self._size > MOST_KEPT_BYTES):
            serial, _ = self._kept.popitem(last=False)
            await to_thread.run_sync(_remove, self._folder / serial)

    @property
    def _size(self) -> int:
        return sum(preview.size for preview in self._kept.values())


def with_previews(items: tuple[ItemView, ...], built: tuple[ItemView, ...]) -> tuple[ItemView, ...]:
    """Return a job's items, of which those without a result have the one that there is so far."""
    found = {item.index: item for item in built}
    return tuple(
        msgspec.structs.replace(found[item.index], name=item.name)
        if item.result is None and item.index in found
        else item
        for item in items
    )


def _shown(outcome: ItemOutcome, attempt: int, serial: str) -> ItemView:
    result = outcome.result
    if result is not None:
        result = msgspec.structs.replace(result, id=f"{result.id}@{serial}")
    return ItemView(index=outcome.index, result=result, partial=outcome.partial, attempt=attempt)


def _is_null(live: LiveJob, outcome: ItemOutcome) -> bool:
    """Whether an item has no data, so that nobody can tell how far it has come."""
    work = live.spec.work
    if isinstance(work, Sweep):
        return False
    return isinstance(work, Circuits) and isinstance(work.programs[outcome.index], NullProgram)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
