"""A client of a station under soak: submits, cancels, listens, fetches, and notes what it is told.

    python -m tests.soak.client NAME ENDPOINT SEED NOTES

It reads its orders: ``finish`` ends the submitting, and is answered by ``idle`` when all jobs of
this client are over; ``until N`` ends it once its listener of all jobs has heard of fact N.
"""

import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

import stationd
from stationd.aio import jobs
from stationd.client.connection.connection import Connection
from stationd.client.submission import sending
from stationd.proto.error import JobError, RequestError, StationUnreachable
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Events
from stationd.proto.status import RemoteRetryStrategy
from tests.soak.notes import (
    Acknowledged,
    Asked,
    Cancelled,
    Fed,
    Fetched,
    Heard,
    Notebook,
    Retried,
    Told,
    told,
)
from tests.soak.work import NULL_TARGETS, OBSERVATIONS, QPU, kind_of_job, spec_of

T = TypeVar("T")

CANCELLED = 0.15
"""The share of jobs that are cancelled, and of those that are retried once they are over."""
RETRIED = 0.15
MOST_UNDER_WAY = 60
BURST = 40
"""Jobs that are submitted at once."""
PAUSE = 0.6
"""Seconds between bursts, at most."""
LONGEST = 120.0
"""Seconds from a job's submission to its end, as a client is told."""
AGAIN = 0.2
"""Seconds until an unreachable station is tried again."""


class Client:
    """One client, with jobs of its own and a listener of everybody's."""

    def __init__(self, name: str, endpoint: str, seed: int, notes: Notebook) -> None:
        self._name = name
        self._endpoint = endpoint
        self._random = Random(f"{seed}/{name}")
        self._notes = notes
        self._under_way = 0
        self._finishing = False
        self._heard_up_to = 0

    async def run(self) -> None:
        """Follow orders."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen_to_all)
            async with anyio.create_task_group() as own:
                own.start_soon(self._submit_bursts, own)
                assert await _order() == "finish"
                self._finishing = True
            sys.stdout.write("idle\n")
            sys.stdout.flush()
            last = int((await _order()).removeprefix("until "))
            while self._heard_up_to < last:  # noqa: ASYNC110 - once, at the very end
                await anyio.sleep(AGAIN)
            tasks.cancel_scope.cancel()

    # --- jobs --------------------------------------------------------------------------------

    async def _submit_bursts(self, tasks: TaskGroup) -> None:
        calibrations = await self._calibrations()
        while not self._finishing:
            for _ in range(min(BURST, MOST_UNDER_WAY - self._under_way)):
                self._under_way += 1
                tasks.start_soon(self._one_job, Random(self._random.random()), calibrations)
            await anyio.sleep(PAUSE * self._random.random())

    async def _calibrations(self) -> dict[str, str]:
        made: dict[str, str] = {}
        for target in (*NULL_TARGETS, QPU):
            own = str(uuid.uuid4())
            await _insist(partial(jobs.import_calibration, target, OBSERVATIONS, id=own))
            made[target] = own
        return made

    async def _one_job(self, random: Random, calibrations: Mapping[str, str]) -> None:
        kind = kind_of_job(random)
        job = JobId(str(uuid.UUID(int=random.getrandbits(128), version=4)))
        spec = spec_of(kind, random, calibrations)
        self._notes.write(Asked(job, kind))
        await _insist(partial(sending.send, job, spec))
        self._notes.write(Acknowledged(job))
        async with anyio.create_task_group() as tasks:
            if random.random() < CANCELLED:
                tasks.start_soon(self._cancel, job, 0.4 * random.random())
            follow = random.choice((self._wait, self._listen, self._listen_in_parts))
            with anyio.move_on_after(LONGEST) as bound:
                await follow(job, random)
            assert not bound.cancelled_caught, f"{job}: {follow.__name__} has not heard of its end"
        if random.random() < RETRIED:
            await self._retry(job, random.choice(list(RemoteRetryStrategy)))
        self._under_way -= 1

    async def _cancel(self, job: JobId, delay: float) -> None:
        await anyio.sleep(delay)
        outcome = await _insist(partial(jobs.cancel, job))
        self._notes.write(Cancelled(job, outcome))

    async def _retry(self, job: JobId, strategy: RemoteRetryStrategy) -> None:
        """Ask for another attempt of a job that is over, and wait for its end if there is one."""
        retry = partial(jobs.retry_submission, job, remote_retry_strategy=strategy)
        try:
            outcome = await _insist(retry)
        except RequestError:
            self._notes.write(Retried(job, "refused"))
            return
        self._notes.write(Retried(job, outcome))
        with suppress(JobError):
            await _insist(partial(jobs.wait_for, job, timeout=LONGEST))

    async def _wait(self, job: JobId, random: Random) -> None:
        """Wait for the end, and fetch the results if there are any."""
        try:
            await _insist(partial(jobs.wait_for, job, timeout=None))
        except JobError:
            return
        for item in await _insist(partial(jobs.results, job)):
            assert isinstance(item, jobs.ResultRef), item
            await _insist(item.download_result)
        self._notes.write(Fetched(job))

    async def _listen(self, job: JobId, random: Random) -> None:
        """Listen with the client's own means, from now on, through all restarts."""
        story: list[Told] = []
        async with aclosing(jobs.listen_job_status(job)) as updates:
            async for update in updates:
                heard = Told(
                    job,
                    update.seq,
                    update.ordinal,
                    update.attempt,
                    update.status,
                    update.cancelling,
                )
                # Progress and the place in the queue repeat the newest fact.
                if not story or story[-1] != heard:
                    story.append(heard)
        self._notes.write(Heard(job, "library", tuple(story)))

    async def _listen_in_parts(self, job: JobId, random: Random) -> None:
        """Listen from the first fact on, now and then over a new connection."""
        story: list[Told] = []
        over = False
        while not over:
            after = story[-1].seq if story else 0
            over = await self._part(job, after, random.randint(1, 4), story)
        self._notes.write(Heard(job, "in parts", tuple(story)))

    async def _part(self, job: JobId, after: int, frames: int, story: list[Told]) -> bool:
        """Take some frames; return whether the job is over."""
        connection = Connection(self._endpoint)
        stream = connection.listen((job,), after)
        try:
            for _ in range(frames):
                frame = await stream.receive()
                if not isinstance(frame, Events):
                    continue
                story.extend(told(event.job, event.entry) for event in frame.events)
                last = frame.events[-1].entry
                if last.status.is_terminal and not last.retrying:
                    return True
        except StationUnreachable:
            await anyio.sleep(AGAIN)
        finally:
            stream.close()
            await connection.aclose()
        return False

    # --- everybody's jobs --------------------------------------------------------------------

    async def _listen_to_all(self) -> None:
        while True:
            connection = Connection(self._endpoint)
            stream = connection.listen(None, self._heard_up_to)
            try:
                for _ in range(self._random.randint(50, 2000)):
                    frame = await stream.receive()
                    if isinstance(frame, Events):
                        facts = tuple(told(event.job, event.entry) for event in frame.events)
                        self._notes.write(Fed(self._name, facts))
                        self._heard_up_to = facts[-1].seq
            except StationUnreachable:
                await anyio.sleep(AGAIN)
            finally:
                stream.close()
                await connection.aclose()


async def _insist(call: Callable[[], Awaitable[T]]) -> T:
    """Call until somebody answers, as a user would whose station is being restarted."""
    while True:
        try:
            return await call()
        except StationUnreachable:
            await anyio.sleep(AGAIN)


async def _order() -> str:
    line: str = await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
    return line.strip()


def main() -> None:
    """Run a client."""
    name, endpoint, seed, notes = sys.argv[1:]
    stationd.connect(endpoint)
    client = Client(name, endpoint, int(seed), Notebook(Path(notes)))
    anyio.run(client.run, backend="asyncio", backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
