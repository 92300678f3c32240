"""How long lists, searches and looks take at a station with many stored jobs.

    python -m benchmarks.listing STATE

`STATE` is a state directory that `benchmarks.fill` has filled. Everything is asked through the
public client of a daemon process of its own, so often that a median and a tail can be told.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import anyio

import stationd
from stationd.aio import jobs
from stationd.client.connection.shared import connection
from stationd.proto.job import JobFilter, JobId
from stationd.proto.jobs_protocol import Get, Job, Jobs, List
from stationd.proto.project_requests import Count, Counted
from stationd.proto.search import Order, SortFilterEnum
from stationd.proto.status import JobExecutorStatus, JobStatusEnum
from stationd.runtime.journal.opening import DATABASE

TIMES: Final = 50
PAGE: Final = 50
_CONFIG: Final = """
[station]
state = "{state}"
runtime = "{folder}/run"
[metrics]
listen = ""
[workers]
prewarm = false
[controllers.i]
driver = "null"
start = false
[targets.i]
controller = "i"
"""


def searches(middle: int, begun: float, seconds: float) -> dict[str, tuple[JobFilter, Order]]:
    """Return what is asked for, by its name.

    Args:
        middle: The number of a job in the middle.
        begun: When the first job was made, Unix seconds.
        seconds: How long after that the last one was.
    """
    half, newest = begun + seconds / 2, Order()
    filters = {
        "newest": JobFilter(),
        "name_like": JobFilter(name_like="qubit 77"),
        "name_like, one": JobFilter(name_like=f"run {middle}"),
        "name_exact": JobFilter(names=("rabi of qubit 7",)),
        "creator": JobFilter(creators=("user 3",)),
        "creator, rare": JobFilter(creators=("a rare user",)),
        "project": JobFilter(projects=("project 3",)),
        "properties": JobFilter(properties={"chip": "A7"}),
        "status READY": JobFilter(statuses=(JobExecutorStatus.READY,)),
        "status ERROR": JobFilter(coarse=(JobStatusEnum.ERROR,)),
        "status QUEUED": JobFilter(coarse=(JobStatusEnum.QUEUED,)),
        "status CANCELLING": JobFilter(passing=("CANCELLING",)),
        "status RETRYING": JobFilter(passing=("RETRYING",)),
        "type sweep": JobFilter(kinds=("sweep",)),
        "created before": JobFilter(created_before=half),
        "created after": JobFilter(created_after=half),
        "modified before": JobFilter(modified_before=half),
        "modified after": JobFilter(modified_after=half),
        "creator, ERROR, project": JobFilter(
            creators=("user 4",), coarse=(JobStatusEnum.ERROR,), projects=("project 4",)
        ),
    }
    found = {name: (wanted, newest) for name, wanted in filters.items()}
    for sort in SortFilterEnum:
        found[f"sorted by {sort.value}"] = (JobFilter(), Order((sort,)))
    return found


async def measure(database: Path) -> None:
    """Print a line for each question."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as journal:
        (newest,) = journal.execute("SELECT number FROM meta").fetchone()
        numbers = [1 + index * newest // TIMES for index in range(TIMES)]
        query = "SELECT id, created_unix_s FROM jobs WHERE number = ?"
        rows = [journal.execute(query, (number,)).fetchone() for number in numbers]

    async def get(index: int) -> object:
        return await connection().ask(Get(0, JobId(rows[index][0])), Job)

    async def deep(index: int) -> object:
        request = List(0, JobFilter(), numbers[index] + PAGE, PAGE)
        return await connection().ask(request, Jobs)

    async def count(_: int) -> object:
        wanted = JobFilter(coarse=(JobStatusEnum.ERROR,))
        return await connection().ask(Count(0, wanted), Counted)

    await _timed("get", get)
    await _timed("a page in between", deep)
    await _timed("count ERROR", count)
    begun, ended = rows[0][1], rows[-1][1]
    for name, (wanted, order) in searches(newest // 20 * 10, begun, ended - begun).items():

        async def page(_: int, wanted: JobFilter = wanted, order: Order = order) -> object:
            return await connection().ask(List(0, wanted, None, PAGE, order), Jobs)

        await _timed(name, page)


async def _timed(name: str, ask: Callable[[int], Awaitable[object]]) -> None:
    taken: list[float] = []
    for index in range(TIMES):
        begun = time.perf_counter()
        await ask(index)
        taken.append((time.perf_counter() - begun) * 1e3)
    worst = statistics.quantiles(taken, n=100)[-1]
    print(f"{name:26} p50 {statistics.median(taken):7.2f} ms   p99 {worst:7.2f} ms", flush=True)


async def main() -> None:
    """Measure the station with the state directory that the argument names."""
    state = Path(sys.argv[1]).absolute()  # noqa: ASYNC240 - nothing else is done meanwhile
    with tempfile.TemporaryDirectory(prefix="listing", ignore_cleanup_errors=True) as folder:
        config = Path(folder) / "stationd.toml"
        config.write_text(_CONFIG.format(state=state, folder=folder), encoding="utf-8")
        command = [sys.executable, "-m", "stationd.runtime.cli", "serve", "-c", str(config)]
        with (Path(folder) / "log").open("wb") as log:
            daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: ASYNC220 - nothing else is done meanwhile
        stationd.connect(f"ipc://{folder}/run/jobs.sock")
        try:
            with anyio.fail_after(120):
                while not await _answers():  # noqa: ASYNC110 - nobody tells when it does
                    await anyio.sleep(0.05)
            await measure(state / DATABASE)
        finally:
            daemon.terminate()
            await anyio.to_thread.run_sync(daemon.wait)


async def _answers() -> bool:
    try:
        await jobs.ping()
    except stationd.StationUnreachable:
        return False
    return True


if __name__ == "__main__":
    anyio.run(main)
