"""Whatever a station may write, written to the durable journal and to the one in memory alike."""

import copy
import tempfile
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from stationd.proto.calibration import CalibrationSet, Observation
from stationd.proto.error import ErrorCode, ErrorInfo, JournalFailed, Problem
from stationd.proto.job import ArtifactRef, JobId, JobSpec
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
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.reader import connect
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
    VersionsSeen,
    WorkStored,
)
from stationd.runtime.journal.storage import Storage
from stationd.runtime.queue.entry import Place

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


class WrittenJournals(RuleBasedStateMachine):
    """Writes the same to both journals, commits and crashes them."""

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
        reached=st.integers(0, 9),
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
        reached: int,
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
        climb = tuple(RUNGS[1 : 1 + reached])
        job.ordinal += reached
        job.status = RUNGS[reached]
        self.add(JobStored(number, job.id, place, spec, time, climb), together=together)

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
        passed=st.lists(st.sampled_from(RUNGS), max_size=4).map(tuple),
        together=st.booleans(),
    )
    def go_on(
        self,
        data: st.DataObject,
        note: str,
        error: ErrorInfo | None,
        passed: tuple[Status, ...],
        *,
        cancelling: bool,
        retrying: bool,
        together: bool,
    ) -> None:
        job = self.job(data)
        if job.status.is_terminal:
            job.attempt += 1
        job.status = data.draw(st.sampled_from(RUNGS + ENDS * 3))
        job.ordinal += 1 + len(passed)
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
                passed,
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

    @rule(
        controller=st.sampled_from(["", "qpu"]),
        python=st.sampled_from(["3.11", "3.12"]),
        since=st.sampled_from([1.0, 2.0, 3.0]),
        together=st.booleans(),
    )
    def run_versions(self, controller: str, python: str, since: float, *, together: bool) -> None:
        self.add(VersionsSeen(controller, since, {"python": python}), together=together)

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
