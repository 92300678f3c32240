"""The durable journal and the one in memory give the same answers, whatever is written."""

import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from stationd.proto.job import JobFilter, JobId, JobView
from stationd.proto.search import JobPlace, Order, SortFilterEnum
from stationd.proto.status import JobExecutorStatus as Status
from stationd.proto.status import JobStatusEnum
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries import criteria, cursors, ordered, search
from stationd.runtime.journal.queries.data import (
    Artifact,
    BlockCounts,
    Blocks,
    Calibration,
    Calibrations,
    Controllers,
    CoveredSpots,
    DefaultCalibration,
    Executed,
    Projects,
    ProjectSize,
    QueueNotes,
    ResultSizes,
    Versions,
    Work,
)
from stationd.runtime.journal.queries.jobs import Facts, Outlines, Stored, Unfinished, View
from stationd.runtime.journal.queries.query import Answer, Query
from stationd.runtime.journal.queries.search import (
    Count,
    ExpiredJobs,
    ExpiredOfProject,
    Page,
    Tally,
    Views,
)
from stationd.runtime.journal.reader import answer, connect
from stationd.runtime.journal.storage import Storage
from tests.runtime.journal.written import (
    CREATORS,
    NAMES,
    PROJECTS,
    PROPERTIES,
    TARGETS,
    WrittenJournals,
)

T = TypeVar("T")
TIMES = (None, 1.0, 2.5, 4.0)


def known(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine gives that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waits")


class Journals(WrittenJournals):
    """Asks both journals the same, whenever and whatever it is."""

    def ask(self, query: Query[Answer]) -> Answer:
        encoded = answer(self.reader, query)
        found: Answer = query.decoder.decode(encoded)
        return found

    @invariant()
    def what_was_committed_is_there(self) -> None:
        for job in self.durable:
            found = self.ask(View(job.id))
            assert found is not None
            last = found.timeline[-1]
            assert (last.ordinal, last.attempt, last.status) == (
                job.ordinal,
                job.attempt,
                job.status,
            )

    @invariant()
    def same_of_each_job(self) -> None:
        for job in self.jobs:
            assert self.ask(Stored(job.id)) == known(self.memory.stored(job.id))
            assert self.ask(View(job.id)) == known(self.memory.view(job.id))
            assert self.ask(Work(job.number)) == known(self.memory.work(job.number))
            for attempt in (1, 2):
                blocks, _ = self.ask(Blocks(job.number, attempt, ("", -1)))
                assert blocks == known(self.memory.blocks(job.number, attempt))
                execution = self.ask(Executed(job.number, attempt))
                assert execution == known(self.memory.execution(job.number, attempt))
                counts = self.ask(BlockCounts(job.number, attempt))
                assert counts == known(self.memory.block_counts(job.number, attempt))
                covered, _ = self.ask(CoveredSpots(job.number, attempt, ("", -1)))
                assert covered == known(self.memory.covered(job.number, attempt))
                for index in (0, 1):
                    artifact = f"{job.id}/{attempt}/{index}"
                    assert self.ask(Artifact(artifact)) == known(self.memory.artifact(artifact))

    @invariant()
    def same_of_the_station(self) -> None:
        assert self.ask(Projects()) == known(self.memory.projects())
        assert self.ask(QueueNotes()) == known(self.memory.queue_notes())
        for time in (0.5, 1.0, 2.5, 3.0):
            assert self.ask(Versions(time)) == known(self.memory.versions(time))
        assert self.ask(Controllers()) == known(self.memory.controllers())
        for target in ("", *TARGETS):
            sets = self.ask(Calibrations(target))
            assert sets == known(self.memory.calibrations(target))
            default = self.ask(DefaultCalibration(target))
            assert default == known(self.memory.default_calibration(target))
            for found in sets:
                calibration = self.ask(Calibration(found.id))
                assert calibration == known(self.memory.calibration(found.id))

    @invariant()
    def facts_come_in_order(self) -> None:
        events, _ = self.ask(Facts(0, None, 1000))
        numbers = [event.entry.seq for event in events]
        assert numbers == sorted(set(numbers))

    @rule(data=st.data(), after=st.integers(0, 20), limit=st.integers(0, 8), whole=st.booleans())
    def same_facts(self, data: st.DataObject, after: int, limit: int, *, whole: bool) -> None:
        ids = [job.id for job in self.jobs] + [JobId("unknown")]
        jobs = None if whole else data.draw(st.lists(st.sampled_from(ids), unique=True))
        asked = Facts(after, None if jobs is None else tuple(jobs), limit)
        assert self.ask(asked) == known(self.memory.facts(after, jobs, limit))

    @rule(
        after=st.integers(0, 20), limit=st.integers(0, 8), creator=st.sampled_from([*CREATORS, ""])
    )
    def same_facts_of_a_creator(self, after: int, limit: int, creator: str) -> None:
        asked = Facts(after, None, limit, creator)
        assert self.ask(asked) == known(self.memory.facts(after, None, limit, creator))

    @rule(before=st.floats(0, 5), keep=st.integers(0, 4), limit=st.integers(0, 4))
    def same_expired(self, before: float, keep: int, limit: int) -> None:
        found = self.ask(ExpiredJobs(before, keep, limit))
        assert found == known(self.memory.expired(before, keep, limit))

    @rule(before=st.floats(0, 5), keep=st.integers(0, 4), project=st.sampled_from(PROJECTS[1:]))
    def same_expired_by_project(self, before: float, keep: int, project: str) -> None:
        found = self.ask(ExpiredJobs(before, keep, 3, (project, "another")))
        assert found == known(self.memory.expired(before, keep, 3, (project, "another")))
        found = self.ask(ExpiredOfProject(project, before, 3))
        assert found == known(self.memory.expired_of(project, before, 3))

    @rule(after=st.integers(0, 10), limit=st.integers(0, 6), project=st.sampled_from(PROJECTS[1:]))
    def same_project_size(self, after: int, limit: int, project: str) -> None:
        found = self.ask(ProjectSize(project, after, limit))
        assert found == known(self.memory.project_size(project, after, limit))

    @rule(after=st.integers(0, 10), limit=st.integers(0, 6))
    def same_result_sizes(self, after: int, limit: int) -> None:
        found = self.ask(ResultSizes(after, limit))
        assert found == known(self.memory.result_sizes(after, limit))

    @rule(after=st.integers(0, 10), limit=st.integers(1, 6))
    def same_unfinished(self, after: int, limit: int) -> None:
        page, more = self.ask(Unfinished(after, limit))
        assert page == known(self.memory.unfinished(after, limit))
        assert more == (len(page) == limit)

    @rule(after=st.integers(0, 10), limit=st.integers(1, 6))
    def same_outlines(self, after: int, limit: int) -> None:
        assert self.ask(Outlines(after, limit)) == known(self.memory.outlines(after, limit))

    @rule(
        wanted=st.builds(
            JobFilter,
            name_like=st.sampled_from(["", "RABI", "äö", "%", "_", "abi", '"b" ', "no such"]),
            statuses=st.lists(st.sampled_from(Status), max_size=3).map(tuple),
            coarse=st.lists(st.sampled_from(JobStatusEnum), max_size=2).map(tuple),
            passing=st.lists(st.sampled_from(["CANCELLING", "RETRYING"]), max_size=2).map(tuple),
            kinds=st.lists(st.sampled_from(["circuits", "sweep", "compile"]), max_size=2).map(
                tuple
            ),
            target=st.sampled_from(["", *TARGETS]),
            names=st.lists(st.sampled_from([*NAMES, "none"]), max_size=2).map(tuple),
            creators=st.lists(st.sampled_from([*CREATORS, "eve"]), max_size=2).map(tuple),
            projects=st.lists(st.sampled_from([*PROJECTS, "q"]), max_size=2).map(tuple),
            properties=st.sampled_from(PROPERTIES),
            created_after=st.sampled_from(TIMES),
            created_before=st.sampled_from(TIMES),
            modified_after=st.sampled_from(TIMES),
            modified_before=st.sampled_from(TIMES),
        )
        | st.builds(
            JobFilter,
            ids=st.lists(st.integers(1, 10), max_size=3).map(
                lambda numbers: tuple(JobId(str(UUID(int=number))) for number in numbers)
            ),
            coarse=st.lists(st.sampled_from(JobStatusEnum), max_size=1).map(tuple),
            name_like=st.sampled_from(["", "rabi"]),
        ),
        before=st.none() | st.integers(0, 20),
        limit=st.integers(0, 5),
        order=st.builds(
            Order,
            sort=st.lists(st.sampled_from(SortFilterEnum), max_size=3).map(tuple),
            after=st.none()
            | st.builds(
                JobPlace, st.integers(1, 12), st.sampled_from([0.5, 2.0]), st.sampled_from(NAMES)
            ),
            skip=st.integers(0, 2),
        ),
    )
    def same_lists(self, wanted: JobFilter, before: int | None, limit: int, order: Order) -> None:
        views: list[JobView] = []
        asked = order
        while True:
            page: Page = self.ask(Views(wanted, before, limit - len(views), asked))
            views += page.views
            if page.reached is None:
                break
            assert page.reached != asked.after
            skip = asked.skip - page.skipped
            asked = msgspec.structs.replace(asked, after=page.reached, skip=skip)
        assert (views, page.more) == known(self.memory.views(wanted, before, limit, order))
        count, reached = 0, None
        while True:
            tally: Tally = self.ask(Count(wanted, reached))
            count += tally.count
            if tally.reached is None:
                break
            assert reached is None or tally.reached < reached
            reached = tally.reached
        assert count == known(self.memory.count(wanted))


class HastyJournals(Journals):
    """The same with a reader that looks at hardly anything at a time."""

    TIGHT = (
        (search, "STEPS", 2),
        (search, "MOST_SORTED", 0),
        (search, "_LOOKED_AT", 1),
        (ordered, "_FEWEST", 1),
        (ordered, "_MOST", 2),
        (cursors, "_SHORTEST", 1),
        (cursors, "_LONGEST", 2),
        (criteria, "MOST_GIVEN", 1),
        (criteria, "MOST_CURSORS", 1),
    )

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for module, name, value in self.TIGHT:
            self.patch.setattr(module, name, value)

    def teardown(self) -> None:
        self.patch.undo()
        super().teardown()


TestHastyJournals: Final = pytest.mark.slow(HastyJournals.TestCase)
TestHastyJournals.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
TestJournals: Final = pytest.mark.slow(Journals.TestCase)
TestJournals.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)


def test_a_read_only_connection_cannot_write(tmp_path: Path) -> None:
    Storage(tmp_path / DATABASE).close()
    reader = connect(tmp_path / DATABASE)
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("DELETE FROM facts")
    reader.close()
