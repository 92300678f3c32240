"""A retry that comes twice opens one attempt, and one that cannot be is refused with a reason."""

# pyright: reportPrivateUsage=false

import anyio
import pytest

from stationd.proto.error import (
    Conflict,
    JobNotFinished,
    RequestError,
    StationError,
    UnknownJob,
    error_from_info,
)
from stationd.proto.jobs_protocol import Retry, RetryAnswer
from stationd.proto.status import RemoteRetryStrategy as R
from tests.runtime.bench import a_bench, committed_until, job_id
from tests.runtime.jobs.asking_again import no_result, retry, seen

pytestmark = pytest.mark.anyio


async def test_a_retry_that_comes_twice_opens_one_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        first = await retry(bench, R.FORCE_RESUBMIT)
        again = await retry(bench, R.FORCE_RESUBMIT)
        assert first == again == RetryAnswer(1, "opened", 2)
        assert (await seen(bench)).attempt == 2


async def test_two_retries_at_once_open_one_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        answers: list[RetryAnswer] = []

        async def ask() -> None:
            request = Retry(1, job_id(1), 1, R.FULL_RESTART)
            answers.append(await bench.api.parts.attempts._retries.retry(request))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
            await committed_until(bench, lambda: len(answers) == 2)
        assert answers == [RetryAnswer(1, "opened", 2)] * 2
        assert not bench.api.parts.attempts._retries._locks


async def test_a_retry_is_answered_when_it_is_on_disk() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        await retry(bench, R.FULL_RESTART)
        reopened = bench.journal.reopened()
        view = await reopened.view(job_id(1))
        assert view is not None
        assert view.attempt == 2


async def test_a_job_under_way_is_refused_with_its_status_whatever_the_strategy() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        for strategy in R:
            with pytest.raises(RequestError, match=r"still under way \(pending_execution\)") as it:
                await retry(bench, strategy)
            assert isinstance(error_from_info(it.value.info), JobNotFinished)


async def test_a_ready_job_is_refused_but_for_a_full_restart() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        for strategy in set(R) - {R.FULL_RESTART}:
            with pytest.raises(RequestError, match=r"READY .* only FULL_RESTART"):
                await retry(bench, strategy, None)
        assert (await retry(bench, R.FULL_RESTART, None)).outcome == "opened"


async def test_a_retry_that_means_none_of_the_items_says_what_they_are() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        with pytest.raises(RequestError, match=r"no item of job .* is CANCELLED .*1 ERROR"):
            await retry(bench, R.FULL_RESTART, ("CANCELLED",))


async def test_an_attempt_that_never_was_cannot_be_followed() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        with pytest.raises(Conflict, match="has made 1 attempts, not 7"):
            await retry(bench, R.FULL_RESTART, None, attempt=7)


async def test_a_job_that_the_station_does_not_know_is_refused() -> None:
    async with a_bench() as bench:
        with pytest.raises(UnknownJob):
            await retry(bench)


async def test_a_station_that_stops_opens_no_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        bench.api.stopping = True
        with pytest.raises(StationError, match="stopping"):
            bench.api.parts.intake.check_open()
