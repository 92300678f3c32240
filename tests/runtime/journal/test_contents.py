"""The durable journal and the one in memory give the same answers, whatever is written."""

import copy
import sqlite3
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stationd.proto.calibration import CalibrationSet, Observation
from stationd.proto.error import ErrorCode, ErrorInfo, JournalFailed, Problem
from stationd.proto.job import ArtifactRef, JobFilter, JobId, JobSpec, JobView
from stationd.proto.program import (
    Capabilities,
    Circuits,
    Compile,
    JobWork,
    NullProgram,
    Setting,
    Sweep,
)
from stationd.proto.project import Project, Properties, Property
from stationd.proto.search import JobPlace, Order, SortFilterEnum
from stationd.proto.status import JobExecutorStatus as Status
from stationd.proto.status import JobStatusEnum
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries import criteria, cursors, ordered, search
from stationd.runtime.journal.queries.data import (
    Artifact,
    Blocks,
    Calibration,
    Calibrations,
    Controllers,
    DefaultCalibration,
    Projects,
    QueueNotes,
    Work,
)
from stationd.runtime.journal.queries.jobs import (
    Facts,
    Outlines,
    Stored,
    Unfinished,
    View,
)
from stationd.runtime.journal.queries.query import Answer, Query
from stationd.runtime.journal.queries.search import Count, ExpiredJobs, Page, Tally, Views
from stationd.runtime.journal.reader import answer, connect
from stationd.runtime.journal.records import (
    AttemptOpened,
    BlocksDropped,
    BlockStored,
    CalibrationPinned,
    CalibrationStored,
    CalibrationUsed,
    ControllerSeen,
    Fact,
    ItemEnded,
    JobAnnotated,
    JobDeleted,
    JobPlaced,
    JobStored,
    MetadataStored,
    ProjectStored,
    QueueNoted,
    Record,
    TicketIssued,
    WorkStored,
)
from stationd.runtime.journal.storage import Storage
from stationd.runtime.queue.entry import Place

T = TypeVar("T")

PROGRAMS = (NullProgram(name="first"), NullProgram())
WORKS = (
    Circuits(programs=PROGRAMS, n_shots=(1, 1)),
    Compile(programs=PROGRAMS),
    Sweep(returns=("meter.power",), name="power"),
)
CREATORS = ["ada", ""]
PROJECTS = ["", "id of p", "id of q"]
PROPERTIES: list[Properties] = [{}, {"n": 1}, {"n": True, "s": "x"}, {"n": 1.0}]
TARGETS = ("qpu", "bench")
NAMES = ("", "Rabi", "rabi", "rabi ÄÖ", "100%_t1", 'a "b" c')
TIMES = (None, 1.0, 2.5, 4.0)
ERROR = ErrorInfo(ErrorCode.INVALID_JOB, "no good", (Problem("too long", item=1, line=3),))
RUNGS = [status for status in Status if not status.is_terminal]
ENDS = sorted(Status.terminal_statuses(), key=str)


class Model(msgspec.Struct):
    """What has been written of one job."""

    number: int
    id: JobId
    ordinal: int = 1
    attempt: int = 1
    status: Status = Status.RECEIVED


def known(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine gives that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waits")


class Journals(RuleBasedStateMachine):
    """Writes the same to both journals and asks both the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.storage = Storage(self.path)
        self.reader = connect(self.path)
        self.memory = MemoryJournal(manual=True)
        self.jobs: list[Model] = []
        self.newest = 0
        self.durable: list[Model] = []
        self.waiting: list[list[Record]] = []
        self.tickets = 0

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / DATABASE

    def teardown(self) -> None:
        self.reader.close()
        self.storage.close()
        self.folder.cleanup()

    def add(self, record: Record, *, together: bool = False) -> None:
        if together and self.waiting:
            self.waiting[-1].append(record)
        else:
            self.waiting.append([record])

    def job(self, data: st.DataObject) -> Model:
        return data.draw(st.sampled_from(self.jobs))

    @rule(
        work=st.sampled_from(WORKS),
        place=st.sampled_from(TARGETS),
        name=st.sampled_from(NAMES),
        hole=st.integers(1, 3),
        creator=st.sampled_from(CREATORS),
        notes=st.sampled_from(PROPERTIES),
        clock=st.integers(-3, 0),
        together=st.booleans(),
    )
    def submit(  # noqa: PLR0917 - what a job may be
        self,
        work: JobWork,
        place: str,
        name: str,
        hole: int,
        creator: str,
        notes: Properties,
        clock: int,
        *,
        together: bool,
    ) -> None:
        self.newest += hole
        number = self.newest
        job = Model(number, JobId(str(UUID(int=number))))
        self.jobs.append(job)
        project = PROJECTS[number % 3]
        spec = JobSpec(
            work=work, name=name, priority=number, project=project, properties=notes,
            description=name, creator=creator,
        )  # fmt: skip
        # The clock may have been set back.
        time = max(0.0, float(number) + clock)
        self.add(JobStored(number, job.id, place, spec, time), together=together)

    @precondition(lambda self: any(job.status.is_terminal for job in self.jobs))
    @rule(data=st.data(), together=st.booleans())
    def delete(self, data: st.DataObject, *, together: bool) -> None:
        over = [job for job in self.jobs if job.status.is_terminal]
        job = data.draw(st.sampled_from(over))
        self.jobs.remove(job)
        self.add(JobDeleted(job.number, expired=together), together=together)
        self.add(JobDeleted(job.number))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), together=st.booleans())
    def submit_again(self, data: st.DataObject, *, together: bool) -> None:
        spec = JobSpec(work=WORKS[0], name="another")
        self.add(JobStored(10_000, self.job(data).id, "qpu", spec, 0.0), together=together)

    @precondition(lambda self: self.jobs)
    @rule(
        data=st.data(),
        cancelling=st.booleans(),
        error=st.sampled_from([None, ERROR]),
        note=st.sampled_from(["", "went well"]),
        retrying=st.booleans(),
        together=st.booleans(),
    )
    def go_on(
        self,
        data: st.DataObject,
        note: str,
        error: ErrorInfo | None,
        *,
        cancelling: bool,
        retrying: bool,
        together: bool,
    ) -> None:
        job = self.job(data)
        if job.status.is_terminal:
            job.attempt += 1
        job.status = data.draw(st.sampled_from(RUNGS + ENDS * 3))
        job.ordinal += 1
        self.add(
            Fact(
                job.number,
                job.id,
                job.ordinal,
                job.attempt,
                job.status,
                job.ordinal / 4,
                cancelling,
                error,
                note,
                retrying,
            ),
            together=together,
        )

    @precondition(lambda self: self.jobs)
    @rule(
        data=st.data(),
        items=st.none() | st.lists(st.integers(0, 300), max_size=3).map(tuple),
        collected=st.integers(0, 2),
        together=st.booleans(),
    )
    def open_attempt(
        self,
        data: st.DataObject,
        items: tuple[int, ...] | None,
        collected: int,
        *,
        together: bool,
    ) -> None:
        number = self.job(data).number
        self.add(AttemptOpened(number, items, collected), together=together)
        if items is None:
            self.add(CalibrationPinned(number, None), together=True)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), index=st.integers(0, 1), error=st.booleans(), inline=st.booleans())
    def end_item(self, data: st.DataObject, index: int, *, error: bool, inline: bool) -> None:
        job = self.job(data)
        ref = ArtifactRef(id=f"{job.id}/{job.attempt}/{index}", size_bytes=3, sha256="ab")
        blob = b"abc" if inline else None
        self.add(
            ItemEnded(job.number, index, job.attempt, error=ERROR, partial=True)
            if error
            else ItemEnded(job.number, index, job.attempt, result=ref, data=blob)
        )

    @precondition(lambda self: self.jobs)
    @rule(
        data=st.data(),
        controller=st.sampled_from("ab"),
        index=st.integers(0, 2),
        attempt=st.integers(1, 2),
        content=st.binary(max_size=2),
    )
    def store_block(
        self, data: st.DataObject, controller: str, index: int, attempt: int, content: bytes
    ) -> None:
        self.add(BlockStored(self.job(data).number, attempt, controller, index, b"h", content))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), attempt=st.integers(1, 2), together=st.booleans())
    def drop_blocks(self, data: st.DataObject, attempt: int, *, together: bool) -> None:
        self.add(BlocksDropped(self.job(data).number, attempt), together=together)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), content=st.binary(max_size=2), attempt=st.integers(1, 2))
    def prepare(self, data: st.DataObject, content: bytes, attempt: int) -> None:
        number = self.job(data).number
        self.tickets += 1
        self.add(WorkStored(number, attempt, content))
        self.add(CalibrationPinned(number, f"set {attempt}"))
        self.add(MetadataStored(number, attempt, b"{}"), together=True)
        self.add(TicketIssued(number, attempt, self.tickets), together=True)

    @rule(
        name=st.sampled_from("xyz"),
        place=st.sampled_from(TARGETS),
        value=st.floats(0, 1),
        default=st.booleans(),
    )
    def calibrate(self, name: str, place: str, value: float, *, default: bool) -> None:
        seen = Observation(path="QB1.t1", value=value)
        # One id always means one set, of one target.
        new = CalibrationSet(
            id=f"{name} of {place}", target=place, observations=(seen,), created_unix_s=value
        )
        self.add(CalibrationStored(new))
        if default:
            self.add(CalibrationUsed(place, new.id))

    @rule(name=st.sampled_from(["meter", "laser"]), version=st.sampled_from("12"))
    def see_controller(self, name: str, version: str) -> None:
        capabilities = Capabilities(settings=(Setting(name="power", unit="dBm"),))
        self.add(ControllerSeen(name, "driver", "ledger", version, 1.5, capabilities))

    @precondition(lambda self: self.jobs)
    @rule(
        data=st.data(),
        name=st.sampled_from(NAMES),
        properties=st.sampled_from(PROPERTIES),
        together=st.booleans(),
    )
    def annotate(
        self,
        data: st.DataObject,
        name: str,
        properties: Properties,
        *,
        together: bool,
    ) -> None:
        number = self.job(data).number
        self.add(JobAnnotated(number, name, "in other words", properties), together=together)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), priority=st.integers(-9, 9), held=st.booleans(), moved=st.booleans())
    def place(self, data: st.DataObject, priority: int, *, held: bool, moved: bool) -> None:
        job = self.job(data)
        place = Place(1.5, 1, "-1/2", "p") if moved else None
        attempt = data.draw(st.integers(1, 2))
        self.add(JobPlaced(job.number, attempt, priority, held, place))

    @rule(
        kind=st.sampled_from(["gate", "use"]),
        name=st.sampled_from("ab"),
        said=st.none() | st.just("{}"),
        together=st.booleans(),
    )
    def note(self, kind: str, name: str, said: str | None, *, together: bool) -> None:
        self.add(QueueNoted(kind, name, said), together=together)

    @rule(name=st.sampled_from("pq"), archived=st.booleans())
    def store_project(self, name: str, *, archived: bool) -> None:
        project = Project(
            id=str(UUID(int=ord(name))),
            name=name,
            created_unix_s=1.0,
            modified_unix_s=2.0,
            properties=(Property("n", "int"),),
            archived=archived,
        )
        self.add(ProjectStored(project))

    @rule()
    def commit(self) -> None:
        commits: list[Commit] = []
        for records in self.waiting:
            self.memory.write(records, commits.append)
        self.memory.commit()
        assert commits == self.storage.commit(self.waiting)
        self.waiting = []
        self.durable = copy.deepcopy(self.jobs)

    @rule()
    def crash(self) -> None:
        self.jobs = copy.deepcopy(self.durable)
        self.waiting = []
        self.memory = self.memory.reopened()
        self.reader.close()
        self.storage.close()
        self.storage = Storage(self.path)
        self.reader = connect(self.path)
        theirs = msgspec.structs.replace(self.memory.opening, station=self.storage.opening.station)
        assert theirs == self.storage.opening

    @precondition(lambda self: self.durable and not self.waiting)
    @rule(data=st.data(), ordinal=st.integers(0, 3), attempt=st.integers(1, 2))
    def refuse(self, data: st.DataObject, ordinal: int, attempt: int) -> None:
        """Both refuse a fact that does not follow; what they hold stays."""
        job = data.draw(st.sampled_from(self.durable))
        if ordinal == job.ordinal + 1:
            return
        bad = Fact(job.number, job.id, ordinal, attempt, Status.READY, 0.0)
        with pytest.raises(JournalFailed):
            self.storage.commit([[bad]])
        self.memory.write([bad], lambda _: None)
        with pytest.raises(JournalFailed):
            self.memory.commit()

    def ask(self, query: Query[Answer]) -> Answer:
        encoded = answer(self.reader, query)
        found: Answer = query.decoder.decode(encoded)
        return found

    @invariant()
    def same_of_each_job(self) -> None:
        for job in self.jobs:
            assert self.ask(Stored(job.id)) == known(self.memory.stored(job.id))
            assert self.ask(View(job.id)) == known(self.memory.view(job.id))
            assert self.ask(Work(job.number)) == known(self.memory.work(job.number))
            for attempt in (1, 2):
                blocks, _ = self.ask(Blocks(job.number, attempt, ("", -1)))
                assert blocks == known(self.memory.blocks(job.number, attempt))
                for index in (0, 1):
                    artifact = f"{job.id}/{attempt}/{index}"
                    assert self.ask(Artifact(artifact)) == known(self.memory.artifact(artifact))

    @invariant()
    def same_of_the_station(self) -> None:
        assert self.ask(Projects()) == known(self.memory.projects())
        assert self.ask(QueueNotes()) == known(self.memory.queue_notes())
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

    @rule(before=st.floats(0, 5), keep=st.integers(0, 4), limit=st.integers(0, 4))
    def same_expired(self, before: float, keep: int, limit: int) -> None:
        found = self.ask(ExpiredJobs(before, keep, limit))
        assert found == known(self.memory.expired(before, keep, limit))

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
