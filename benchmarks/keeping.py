"""What jobs notice of a station that deletes old ones, among very many that are stored.

    python -m benchmarks.keeping FOLDER DELETED [BACKEND]

`FOLDER/state` is a state directory that `benchmarks.fill` has filled. First jobs are run one by
one; then the station is started with a retention that makes it delete old ones, and jobs are run
one by one until so many are gone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import anyio
from benchmarks.figures.through import p50, p99
from benchmarks.load import null, through
from benchmarks.station import STOPWATCH, running

from stationd.aio import jobs
from stationd.client.connection.shared import connection
from stationd.proto.job import JobFilter
from stationd.proto.project_requests import Count, Counted

ALONE: Final = 300
LOOKED_AT_EVERY: Final = 50
"""Jobs between two looks at how many are stored."""
LONGEST: Final = 900.0


async def main() -> None:
    """Measure the station in the folder that the arguments name."""
    folder, deleted = Path(sys.argv[1]), int(sys.argv[2])
    backend = sys.argv[3] if len(sys.argv) > 3 else "asyncio"
    async with running(backend, at=folder):
        await through(ALONE)
        _say("nothing to delete", [await _run_one() for _ in range(ALONE)])
        stored = await _stored()
    # With more to delete than is waited for: it goes on to the end.
    retention = f"[retention]\njobs = {stored - 2 * deleted}\n"
    async with running(backend, retention + STOPWATCH, at=folder):
        taken, begin = list[float](), time.perf_counter()
        with anyio.fail_after(LONGEST):
            while (gone := stored + len(taken) - await _stored()) < deleted:
                taken += [await _run_one() for _ in range(LOOKED_AT_EVERY)]
        rate = gone / (time.perf_counter() - begin)
        _say(f"{gone:,} of {stored:,} deleted, {rate:.0f} in a second", taken)


async def _stored() -> int:
    return (await connection().ask(Count(0, JobFilter()), Counted)).count


async def _run_one() -> float:
    begin = time.perf_counter()
    await jobs.wait_for(await jobs.submit(null()))
    return time.perf_counter() - begin


def _say(what: str, seconds: list[float]) -> None:
    print(
        f"{what}: submit to READY of {len(seconds)} jobs p50 {p50(seconds):.2f} ms,"
        f" p99 {p99(seconds):.2f} ms, at most {1e3 * max(seconds):.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    anyio.run(main)
