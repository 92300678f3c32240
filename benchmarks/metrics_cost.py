"""What metrics and the status page cost the daemon at a steady thousand jobs a second.

    python -m benchmarks.metrics_cost

CPU time of the daemon's own process, not wall time. One station takes turns: nobody asks; it is
scraped many times a second; somebody watches the status page. Counting itself is timed apart, for
it cannot be turned off.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from typing import Final

import anyio
from anyio import to_thread
from benchmarks.load import null
from benchmarks.station import Station, running

from stationd.actors.job import Job
from stationd.aio import jobs
from stationd.proto.instruments_protocol import Finished, Started
from stationd.proto.job import JobId, JobSpec, Ticket
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.controllers.quarantine import Quarantine
from stationd.runtime.controllers.reach import Reach
from stationd.runtime.controllers.uses import Uses
from stationd.runtime.live import LiveJob
from stationd.runtime.metrics.counts import Counts
from stationd.runtime.queue.queue import Queue
from stationd.runtime.timers import Timers

JOBS_PER_SECOND: Final = 1000
TOGETHER: Final = 20
"""Jobs of one call."""
SECONDS: Final = 2.0
TURNS: Final = 4
SCRAPES: Final = 20
"""A second: a real Prometheus scrapes every fifteen seconds."""
COUNTED: Final = 20_000


async def steadily(seconds: float) -> None:
    """Submit jobs at a steady pace for a while."""
    begun = anyio.current_time()
    for turn in range(round(seconds * JOBS_PER_SECOND / TOGETHER)):
        await anyio.sleep_until(begun + turn * TOGETHER / JOBS_PER_SECOND)
        await jobs.submit_many([null()] * TOGETHER)


async def asked(address: str, pause: float) -> None:
    """Ask for something again and again, for ever."""
    while True:
        await to_thread.run_sync(_fetch, address)
        await anyio.sleep(pause)


def _fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own
        return bytes(answer.read())


async def share(station: Station, path: str, pause: float) -> float:
    """Return the share of a core that the daemon takes while something is asked for."""
    used = 0.0
    async with anyio.create_task_group() as tasks:
        if path:
            tasks.start_soon(asked, station.address + path, pause)
        before, began = station.cpu_seconds(), time.monotonic()
        await steadily(SECONDS)
        used = (station.cpu_seconds() - before) / (time.monotonic() - began)
        tasks.cancel_scope.cancel()
    return used


def counting() -> float:
    """Return the seconds that counting one job's way takes, as the daemon does it."""
    counts, ticket = Counts(["instrument"]), Ticket(1, JobId("0" * 36), 1)
    uses = Uses(
        names=["instrument"],
        queue=Queue(),
        quarantine=Quarantine(Timers(), 1.0, print),
        reach=Reach(),
        utilisation=counts.utilisation,
    )
    rungs = [status for status in JobExecutorStatus if not status.is_terminal]
    climb = [*rungs, JobExecutorStatus.READY]
    steps = [Job(id=ticket.job, number=1, kind="circuits", status=status) for status in climb]
    live = LiveJob(steps[0], JobSpec(work=null()), "instrument")
    began = time.process_time()
    for _ in range(COUNTED):
        before = None
        for step in steps:
            live.job = step
            counts.fact(live, before, 1.0)
            before = step.status
        uses.take("instrument", Started(ticket, 1.0))
        uses.look()
        uses.take("instrument", Finished(ticket, 0, 1.0))
        uses.look()
    return (time.process_time() - began) / COUNTED


async def main() -> None:
    """Measure, and print it."""
    one = counting()
    print(f"counting a job: {one * 1e6:.1f} us, {one * JOBS_PER_SECOND:.2%} of a core at 1,000/s")
    kinds = {
        "nobody asks": ("", 0.0),
        f"{SCRAPES} scrapes a second": ("/metrics", 1 / SCRAPES),
        "somebody watches": ("/status.json", 1.0),
    }
    found = dict.fromkeys(kinds, 0.0)
    async with running("asyncio") as station:
        await steadily(SECONDS)
        for _ in range(TURNS):
            for kind, (path, pause) in kinds.items():
                found[kind] += await share(station, path, pause) / TURNS
    quiet = found["nobody asks"]
    for kind, used in found.items():
        print(f"{kind}: {used:.1%} of a core, {used - quiet:+.1%}")


if __name__ == "__main__":
    sys.exit(anyio.run(main))
