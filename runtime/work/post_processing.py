"""From raw data to stored results, for the jobs that are under way.

Small ones are worked up in the loop; what may be large, or needs a file, goes to a worker.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from stationd.actors.ladder import DataKept, PostProcessed
from stationd.actors.stages.inline import INLINE_BYTES, fits_inline
from stationd.actors.stages.null_results import MOST_ITEMS, null_outcomes
from stationd.actors.stages.raw_data import RawBlock
from stationd.actors.stages.requests import ItemOutcome, PostProcessRequest, bit_layouts
from stationd.proto.error import StorageTrouble
from stationd.proto.instruments_protocol import Data
from stationd.proto.program import Capabilities, Circuits, CircuitsWork, NullWork
from stationd.runtime.controllers.going_on import attempts_of
from stationd.runtime.journal.records import BlocksDropped, ItemEnded, Record
from stationd.runtime.live import WORK_DECODER, Block, LiveJob, StoredWork
from stationd.runtime.work.heavy import post_process
from stationd.runtime.work.stored_data import StoredData, post_process_stored

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from stationd.actors.stages.stretches import Stretch
    from stationd.proto.job import JobId
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.work.outcome import Outcome
    from stationd.runtime.work.workers import Workers

log = logging.getLogger(__name__)

_SHORTEST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 2.0
"""Seconds between tries to store a result."""
_DATA_DECODER: Final = msgspec.msgpack.Decoder(Data)


class PostProcessing:
    """Builds and stores the results of jobs.

    Args:
        journal: Where raw data and compiled work are, if not in memory.
        workers: Where what is large is worked up.
        bus: Knows units and shapes of what controllers read.
        artifacts: The directory of the artifact store.
        seconds: How long it may take.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        workers: Workers,
        bus: InstrumentBus,
        artifacts: Path,
        seconds: float,
    ) -> None:
        self._journal = journal
        self._workers = workers
        self._bus = bus
        self._artifacts = artifacts
        self.seconds = seconds
        """How long it may take, from now on."""

    def begin(
        self, live: LiveJob, *, partial_data: bool
    ) -> Outcome | Callable[[], Awaitable[Outcome]]:
        """Build a job's results, or return what will do it in a task.

        Args:
            live: The job.
            partial_data: Missing data is no error: the execution was cut short.
        """
        if live.work is None or live.blocks is None:
            return partial(self._slowly, live, partial_data=partial_data)
        if (outcomes := _nothing(live, live.work, partial_data=partial_data)) is not None:
            return self._done(live, outcomes, partial_data=partial_data)
        request = self._request(
            live, live.work, live.blocks, partial_data=partial_data, artifacts=self._artifacts
        )
        if not fits_inline(request):
            return partial(self._slowly, live, partial_data=partial_data)
        return self._done(live, post_process(request), partial_data=partial_data)

    async def so_far(self, live: LiveJob, folder: Path) -> list[ItemOutcome]:
        """Build what there is of the results of a job that is at work.

        Args:
            live: The job; nothing of it changes.
            folder: The artifact store to put large ones in.

        Raises:
            StationError: It took too long, or the disk is full.
        """
        return await (await self._building(live, partial_data=True, artifacts=folder))()

    async def _slowly(self, live: LiveJob, *, partial_data: bool) -> Outcome:
        build = await self._building(live, partial_data=partial_data, artifacts=self._artifacts)
        outcomes = await _until_stored(live.job.id, build)
        return self._done(live, outcomes, partial_data=partial_data)

    async def _building(
        self, live: LiveJob, *, partial_data: bool, artifacts: Path
    ) -> Callable[[], Awaitable[list[ItemOutcome]]]:
        """Return what builds a job's results: in a worker, unless they are small."""
        job = live.job
        work, blocks = live.work, live.blocks
        if work is None or blocks is None:
            # The newest blocks are being written; the reader sees what is on disk.
            await self._journal.flush()
        database = self._journal.database
        if work is None:
            data = await self._journal.work(job.number)
            work = StoredWork({}) if data is None else WORK_DECODER.decode(data)
        asked = partial(
            self._request,
            live,
            work,
            stretches=await attempts_of(self._journal, live),
            partial_data=partial_data,
            artifacts=artifacts,
        )
        # Of what earlier attempts have left nobody knows here how much it is.
        large = live.blocks_bytes > INLINE_BYTES or live.goes_on
        if blocks is None and large and database is not None:
            stored = StoredData(
                request=asked(()),
                database=str(database),
                number=job.number,
                attempts=live.data_attempts,
            )
            return partial(self._workers.call, post_process_stored, stored, self.seconds)
        if blocks is None:
            blocks = [
                (block.controller, _DATA_DECODER.decode(block.header), block.data)
                for attempt in live.data_attempts
                for block in await self._journal.blocks(job.number, attempt)
            ]
        request = asked(blocks)
        if fits_inline(request):
            return partial(_at_once, request)
        return partial(self._workers.call, post_process, request, self.seconds)

    def _request(
        self,
        live: LiveJob,
        work: StoredWork,
        blocks: Sequence[Block],
        *,
        stretches: Sequence[Stretch] = (),
        partial_data: bool,
        artifacts: Path,
    ) -> PostProcessRequest:
        executed = next(iter(work.works.values()), None)
        return PostProcessRequest(
            job=live.job.id,
            attempt=live.job.attempt,
            work=live.spec.work,
            items=live.good,
            blocks=tuple(RawBlock(*block) for block in blocks),
            bits=bit_layouts(executed) if isinstance(executed, CircuitsWork) else {},
            compiled=work.compiled if live.spec.kind == "compile" else {},
            offers=self._described(live),
            artifacts=str(artifacts),
            partial=partial_data,
            stretches=tuple(stretches),
            metadata=_metadata(live),
        )

    def _described(self, live: LiveJob) -> dict[str, Capabilities]:
        if live.spec.kind != "sweep":
            return {}
        offers = self._bus.offers()
        return {name: known for name in live.claims if (known := offers.get(name)) is not None}

    def _done(
        self, live: LiveJob, outcomes: Sequence[ItemOutcome], *, partial_data: bool
    ) -> Outcome:
        job = live.job
        records: list[Record] = []
        for outcome in outcomes:
            if outcome.error is not None:
                live.item_errors[outcome.index] = outcome.error
            elif not outcome.partial:
                live.complete.add(outcome.index)
            elif outcome.index in live.outdone:
                # The job was cut short: what an earlier attempt has made is better.
                continue
            records.append(
                ItemEnded(
                    job.number,
                    outcome.index,
                    job.attempt,
                    outcome.error,
                    outcome.result,
                    outcome.data,
                    outcome.partial,
                )
            )
        records += _dropped(live, outcomes, partial_data=partial_data)
        return (DataKept() if partial_data else PostProcessed()), records


def _dropped(
    live: LiveJob, outcomes: Sequence[ItemOutcome], *, partial_data: bool
) -> list[BlocksDropped]:
    """Return the raw data that nobody needs any more."""
    number = live.job.number
    # What made no result is kept: somebody may still make sense of it. And so is what another
    # attempt may go on with.
    if any(one.error is not None or (one.partial and live.spec.resume) for one in outcomes):
        return []
    dropped: list[BlocksDropped] = []
    if live.spec.resume and outcomes:
        return [BlocksDropped(number, attempt) for attempt in range(1, live.job.attempt + 1)]
    if live.blocks_bytes or live.blocks is None:
        dropped.append(BlocksDropped(number, live.data_attempt))
    if live.job.attempt > 1 and not live.item_errors and not live.left_out and not partial_data:
        # Nobody needs what attempts before this one have left, either.
        dropped += [BlocksDropped(number, attempt) for attempt in range(1, live.job.attempt)]
    return dropped


async def _at_once(request: PostProcessRequest) -> list[ItemOutcome]:
    return post_process(request)


async def _until_stored(
    job: JobId, call: Callable[[], Awaitable[list[ItemOutcome]]]
) -> list[ItemOutcome]:
    """Ask a worker until the disk takes the results: the job is not to blame for it."""
    pause = _SHORTEST_PAUSE
    while True:
        try:
            return await call()
        except StorageTrouble as trouble:
            if pause == _SHORTEST_PAUSE:
                log.error("job %s: %s; trying again until it can be", job, trouble)  # noqa: TRY400 - the disk is at fault, not the code
        await anyio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _nothing(live: LiveJob, work: StoredWork, *, partial_data: bool) -> list[ItemOutcome] | None:
    """Return the results of a few null programs; None if the job is anything else."""
    circuits, items = live.spec.work, live.good
    if (
        not isinstance(circuits, Circuits)
        or live.blocks
        or len(items) > MOST_ITEMS
        or not all(isinstance(executed, NullWork) for executed in work.works.values())
    ):
        return None
    job = live.job
    return null_outcomes(job.id, job.attempt, circuits, items, partial=partial_data)


def _metadata(live: LiveJob) -> dict[str, str]:
    """Return what is stored with every result, to know where it comes from."""
    found = {"job": live.job.id, "attempt": str(live.job.attempt), "target": live.target}
    if live.job.calibration_set is not None:
        found["calibration_set"] = live.job.calibration_set
    return {key: value for key, value in found.items() if value}
