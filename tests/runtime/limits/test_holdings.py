"""What users have of the station."""

import pytest

from stationd.proto.job import ArtifactRef, JobId, JobSpec
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, ItemEnded, JobDeleted, JobStored
from stationd.runtime.limits import holdings as holdings_module
from stationd.runtime.limits.holdings import Holdings
from tests.runtime.bench import a_bench, job_id, null_spec

pytestmark = pytest.mark.anyio


async def test_a_job_counts_from_its_submit_to_its_end() -> None:
    async with a_bench() as bench:
        holdings = bench.dispatch.holdings
        first = bench.queued(1)
        bench.submit(1)
        second = bench.queued(2)
        assert holdings.jobs("") == 2
        bench.run("a", first)
        assert holdings.jobs("") == 1
        bench.run("a", second)
        assert holdings.jobs("") == 0


async def test_what_an_earlier_daemon_has_left_counts_too() -> None:
    journal = MemoryJournal(manual=True)
    async with a_bench(journal) as bench:
        bench.queued(1)
        bench.queued(2)
    async with a_bench(journal.reopened()) as bench:
        assert bench.dispatch.holdings.jobs("") == 2


def a_result(number: int, size: int, creator: str) -> list[JobStored | Fact | ItemEnded]:
    job = JobId(f"00000000-0000-0000-0000-{number:012d}")
    spec = JobSpec(work=null_spec().work, creator=creator)
    ref = ArtifactRef(id=f"{job}/1/0", size_bytes=size, sha256="00" * 32)
    return [
        JobStored(number, job, "a", spec, 1.0),
        Fact(number, job, 2, 1, S.ABORTED, 2.0),
        ItemEnded(number, 0, 1, result=ref, data=b"x"),
    ]


async def test_all_stored_results_are_counted_page_by_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holdings_module, "PAGE", 2)
    journal = MemoryJournal(manual=True)
    for number, (creator, size) in enumerate([("ada", 1), ("max", 2), ("ada", 4)], 1):
        journal.write(a_result(number, size, creator), lambda _: None)
    await journal.flush()
    holdings = Holdings()
    await holdings.count(journal)
    assert {user: holdings.result_bytes(user) for user in ("ada", "max", "eva")} == {
        "ada": 5,
        "max": 2,
        "eva": 0,
    }


async def test_results_that_come_and_go_are_counted() -> None:
    async with a_bench() as bench:
        holdings = bench.dispatch.holdings
        await holdings.count(bench.journal)
        bench.run("a", bench.queued(1))
        size = holdings.result_bytes("")
        assert size > 0
        again = Holdings()
        await again.count(bench.journal)
        assert again.result_bytes("") == size
        stored = await bench.journal.stored(job_id(1))
        assert stored is not None
        holdings.deleted(stored)
        assert holdings.result_bytes("") == 0


async def test_a_count_after_a_deletion_finds_less() -> None:
    journal = MemoryJournal(manual=True)
    journal.write(a_result(1, 5, "ada"), lambda _: None)
    journal.write([JobDeleted(1)], lambda _: None)
    await journal.flush()
    holdings = Holdings()
    await holdings.count(journal)
    assert holdings.result_bytes("ada") == 0
