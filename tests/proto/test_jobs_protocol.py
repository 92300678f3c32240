"""The messages between clients and the daemon: these bytes are the protocol."""

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest

from stationd.proto import jobs_protocol as jobs
from stationd.proto import queue_requests as queue
from stationd.proto.audit_requests import AuditLine, AuditTrail, ReadAudit
from stationd.proto.calibration import CalibrationSet, CalibrationSummary, Observation
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.compiled_requests import Compiled, CompiledItem, ReadCompiled
from stationd.proto.error import ErrorCode, ErrorInfo, Problem, ProtocolViolation
from stationd.proto.guard_requests import Guards, GuardState, ListGuards
from stationd.proto.job import (
    ArtifactRef,
    ItemView,
    JobFilter,
    JobId,
    JobSpec,
    JobView,
    Progress,
    TimelineEntry,
)
from stationd.proto.program import (
    Axis,
    Capabilities,
    Circuits,
    Compile,
    Instruction,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    OpenQasm,
    Qpu,
    Qpy,
    Readout,
    Setting,
    Sweep,
)
from stationd.proto.project import Project, Property, PropertyValue
from stationd.proto.project_requests import (
    Annotate,
    ChangeProject,
    Count,
    Counted,
    CreateProject,
    Delete,
    Deleted,
    GetInput,
    Input,
    ListProjects,
    Projects,
)
from stationd.proto.provenance import (
    CalibrationOrigin,
    CompiledOrigin,
    ControllerOrigin,
    Provenance,
    ProvenanceAnswer,
    ReadProvenance,
)
from stationd.proto.result_requests import Peek
from stationd.proto.search import JobPlace, Order, ScopeFilterEnum, SortFilterEnum
from stationd.proto.station_requests import JobLog, LogLine, Overview, ReadLog, Survey
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, RemoteRetryStrategy
from stationd.proto.version_requests import ReadVersions, RunningVersions, Versions

JOB = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
SET = "5c0ffee0-1234-4abc-8def-0123456789ab"
BELL = "OPENQASM 2.0;\nqreg q[2];\n"
ERROR = ErrorInfo(
    ErrorCode.INVALID_JOB, "the job cannot run", (Problem("no such gate", 0, 3, "foo"),)
)
FACT = TimelineEntry(
    seq=41, ordinal=3, attempt=1, status=JobExecutorStatus.VALIDATION_ENDED, time_unix_s=1.5
)
LAST_FACT = TimelineEntry(
    seq=42,
    ordinal=4,
    attempt=1,
    status=JobExecutorStatus.FAILED,
    time_unix_s=2.5,
    cancelling=True,
    error=ERROR,
    note="finished first",
)
RETRIED_FACT = TimelineEntry(
    seq=43,
    ordinal=5,
    attempt=2,
    status=JobExecutorStatus.FAILED,
    time_unix_s=3.5,
    error=ErrorInfo(ErrorCode.INSTRUMENT_LOST, "gone"),
    retrying=True,
)
REF = ArtifactRef(id=f"{JOB}/1/0", size_bytes=65, sha256="ab" * 32)
BARE_VIEW = JobView(
    id=JOB,
    number=7,
    kind="sweep",
    target="",
    status=JobExecutorStatus.RECEIVED,
    attempt=1,
    created_unix_s=1.0,
    modified_unix_s=1.0,
    seq=39,
)
FULL_VIEW = JobView(
    id=JOB,
    number=7,
    kind="circuits",
    target="qpu",
    status=JobExecutorStatus.FAILED,
    attempt=1,
    created_unix_s=1.0,
    modified_unix_s=2.5,
    seq=42,
    name="bell",
    priority=-5,
    cancelling=True,
    error=ERROR,
    note="finished first",
    calibration_set=SET,
    queue_position=2,
    progress=Progress(done=10, total=100, unit="shots"),
    timeline=(FACT, LAST_FACT),
    items=(
        ItemView(index=0, name="bell", result=REF, partial=True),
        ItemView(index=1, error=ERROR),
    ),
)
OBSERVATIONS = (
    Observation(path="QB1.t1", value=35e-6, unit="s", uncertainty=1e-6, time_unix_s=1.25),
)
PROPERTIES: dict[str, PropertyValue] = {"cooldown": 7, "blind": True, "wafer": "W3", "t1_us": 35.5}
PROJECT = Project(
    id=SET,
    name="t1 over time",
    created_unix_s=1.5,
    modified_unix_s=2.5,
    description="every hour",
    properties=(Property("cooldown", "int", required=True), Property("wafer", "string")),
    archived=True,
    creator="ada",
)
CAPABILITIES = Capabilities(
    settings=(
        Setting(name="delay", unit="s", minimum=0.0, maximum=1e-3, doc="before the pulse"),
        Setting(name="mode", type="str", choices=("cw", "pulsed")),
    ),
    readouts=(Readout(name="trace", unit="V", dtype="<f4", shape=(100,)),),
    qpu=Qpu(qubits=("QB1", "QB2"), couplings=(("QB1", "QB2"),), most_shots=10_000, most_circuits=9),
    null=True,
    trigger_master=True,
)

REQUEST_EXAMPLES: dict[str, jobs.Request] = {
    "Ping": jobs.Ping(1, "0.1.0"),
    "Submit, circuits of all forms": jobs.Submit(
        80,
        JOB,
        JobSpec(
            work=Circuits(
                programs=(
                    OpenQasm(source=BELL, binding={"theta": 0.5}),
                    Qpy(data=b"QISKIT", name="bell", binding={"phi[0]": 1.0}),
                    NativeProgram(
                        circuit=NativeCircuit(
                            instructions=(
                                Instruction("delay", ("QB1",), (1e-6,)),
                                Instruction("measure", ("QB1",), (), (0,)),
                            ),
                            n_bits=1,
                            bit_names=("m[0]",),
                        ),
                        name="wait",
                    ),
                ),
                n_shots=(1, 2, 3),
            )
        ),
    ),
    "Submit, circuits": jobs.Submit(
        2,
        JOB,
        JobSpec(
            work=Circuits(
                programs=(OpenQasm(source=BELL, name="bell"), NullProgram(duration=0.5)),
                n_shots=(1000, 1),
                target="qpu",
                optimisation_level=3,
                seed=11,
            ),
            name="pair",
            priority=10,
            calibration_set=SET,
            item_errors="continue",
        ),
    ),
    "Submit, compile": jobs.Submit(
        3, JOB, JobSpec(work=Compile(programs=(OpenQasm(source=BELL),), target="qpu"))
    ),
    "Submit, sweep": jobs.Submit(
        4,
        JOB,
        JobSpec(
            work=Sweep(
                settings={"source.on": True, "source.power": -3, "source.mode": "cw"},
                axes=((Axis("source.delay", (0.0, 0.5)), Axis("lo.power", (1, 2))),),
                returns=("adc.trace",),
                name="t1",
            )
        ),
    ),
    "Submit, with all attempts that it wants": jobs.Submit(
        17,
        JOB,
        JobSpec(
            work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"),
            timeout=60.0,
            max_attempts=3,
            retry_on=(ErrorCode.DRIVER_FAILED, ErrorCode.WORKER_DIED),
            on_lost="requeue",
        ),
    ),
    "Get": jobs.Get(5, JOB),
    "List": jobs.List(6, JobFilter()),
    "List, filtered": jobs.List(
        7,
        JobFilter(
            name_like="bell",
            statuses=(JobExecutorStatus.READY,),
            coarse=(JobStatusEnum.QUEUED,),
            kinds=("sweep",),
            target="qpu",
        ),
        before=100,
        limit=10,
    ),
    "Cancel": jobs.Cancel(8, JOB),
    "Fetch": jobs.Fetch(9, REF.id, 1_048_576),
    "Listen": jobs.Listen(10, (JOB,), None, 1000),
    "Listen, all jobs": jobs.Listen(11, None, 42, 1000),
    "Grant": jobs.Grant(10, 500),
    "Unlisten": jobs.Unlisten(10),
    "ImportCalibration": jobs.ImportCalibration(12, SET, "qpu", OBSERVATIONS, "sunday", use=True),
    "ListCalibrations": jobs.ListCalibrations(13, "qpu"),
    "GetCalibration": jobs.GetCalibration(14, SET),
    "UseCalibration": jobs.UseCalibration(15, SET),
    "ListControllers": jobs.ListControllers(16),
    "Retry": jobs.Retry(18, JOB, 1),
    "Retry, all given": jobs.Retry(
        19, JOB, 2, RemoteRetryStrategy.FORCE_RESUBMIT, ("ERROR", "CANCELLED")
    ),
    "ResetController": jobs.ResetController(20, "qpu"),
    "Survey": Survey(21),
    "ReadLog": ReadLog(22, JOB),
    "ReadVersions": ReadVersions(82, 10.5),
    "ReadProvenance": ReadProvenance(48, JOB, 2),
    "ReadCompiled": ReadCompiled(49, JOB),
    "ReadLog, waiting": ReadLog(22, JOB, after=7, wait=True),
    "ReadAudit": ReadAudit(23, "ada", 10.5, "refused", 7),
    "SubmitMany": jobs.SubmitMany(
        71,
        (
            jobs.NewJob(
                JOB,
                JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null")),
            ),
        ),
    ),
    "Submit, in a project": jobs.Submit(
        39,
        JOB,
        JobSpec(
            work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"),
            description="after the warm-up",
            project=SET,
            properties=PROPERTIES,
            creator="ada",
        ),
    ),
    "List, by all that there is": jobs.List(
        38,
        JobFilter(
            ids=(JOB,),
            names=("bell",),
            creators=("ada", "max"),
            projects=(SET,),
            properties=PROPERTIES,
            passing=("CANCELLING", "RETRYING"),
            created_after=1.5,
            created_before=2.5,
            modified_after=3.5,
            modified_before=4.5,
            scope=ScopeFilterEnum.HIGHEST,
        ),
        order=Order(
            (SortFilterEnum.NAME_ASC, SortFilterEnum.MODIFIED_DESC), JobPlace(7, 2.5, "bell"), 50
        ),
    ),
    "Annotate": Annotate(40, JOB),
    "Annotate, all": Annotate(41, JOB, "ghz", "a longer text", PROPERTIES),
    "Delete": Delete(42, JOB),
    "Count": Count(43, JobFilter(kinds=("sweep",))),
    "GetInput": GetInput(44, JOB, 3),
    "Peek": Peek(48, JOB),
    "ListProjects": ListProjects(45, "t1", archived=None),
    "CreateProject": CreateProject(
        46, SET, PROJECT.name, PROJECT.description, PROJECT.properties, exist_ok=True
    ),
    "ChangeProject": ChangeProject(
        47, SET, "every day", (Property("cooldown", "int"),), archived=True
    ),
    "ChangeProject, its room and time": ChangeProject(
        47, SET, quota_bytes=1_000_000, keep_days="station"
    ),
}
REQUEST_EXAMPLES.update(
    {
        "Submit, with all that it says of when it may begin": jobs.Submit(
            60,
            JOB,
            JobSpec(
                work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"),
                not_before=10.5,
                deadline=20.5,
                hold=True,
            ),
        ),
        "Hold": queue.Hold(61, JOB),
        "Release": queue.Release(62, JOB),
        "Prioritise": queue.Prioritise(63, JOB, -10),
        "Move": queue.Move(64, JOB, JobId(SET)),
        "SetTarget": queue.SetTarget(65, "qpu", "paused", "a leak"),
        "Reserve": queue.Reserve(66, SET, "qpu", "p1", 10.5, 20.5, "a demonstration"),
        "Unreserve": queue.Unreserve(67, SET),
        "ListTargets": queue.ListTargets(68),
        "ListQueue": queue.ListQueue(69, "qpu", 10),
        "Why": queue.Why(70, JOB),
        "Maintain": queue.Maintain(71, SET, "qpu", 10.5, 20.5, "a leak"),
        "Lock": queue.Lock(72, "qpu", "ask Ann"),
        "Unlock": queue.Unlock(73, "qpu", force=True),
        "ListGuards": ListGuards(90),
    }
)
REPLY_EXAMPLES: dict[str, jobs.Reply] = {
    "Pong": jobs.Pong(1, "lab", 3, "0.1.0"),
    "Submitted": jobs.Submitted(2, JOB, 7, created=True, created_unix_s=1.5, creator="ada"),
    "SubmittedMany": jobs.SubmittedMany(
        71,
        (
            jobs.SubmitAnswer(7, created=True, created_unix_s=1.5),
            jobs.SubmitAnswer(0, created=False, error=ERROR),
        ),
        "ada",
    ),
    "Job": jobs.Job(3, FULL_VIEW),
    "Job, as short as can be": jobs.Job(3, BARE_VIEW),
    "Jobs": jobs.Jobs(4, (BARE_VIEW,), more=False),
    "CancelAnswer": jobs.CancelAnswer(5, "already_over"),
    "Chunk": jobs.Chunk(6, REF, 1_048_576),
    "Snapshot": jobs.Snapshot(7, 42, (FULL_VIEW,)),
    "Events": jobs.Events(8, (jobs.FeedEvent(JOB, FACT), jobs.FeedEvent(JOB, LAST_FACT))),
    "ProgressReport": jobs.ProgressReport(9, JOB, Progress(done=10, total=100, unit="shots")),
    "ProgressReport, in the queue": jobs.ProgressReport(10, JOB, None, 4),
    "Events, of an attempt that another one follows": jobs.Events(
        16, (jobs.FeedEvent(JOB, RETRIED_FACT),)
    ),
    "StreamBeat": jobs.StreamBeat(11),
    "Calibration": jobs.Calibration(
        12,
        CalibrationSet(
            id=SET, target="qpu", observations=OBSERVATIONS, created_unix_s=9.5, name="sunday"
        ),
        default=True,
    ),
    "Calibrations": jobs.Calibrations(
        13,
        (
            CalibrationSummary(
                id=SET, target="qpu", created_unix_s=9.5, observations=1, default=True
            ),
        ),
    ),
    "Controllers": jobs.Controllers(
        14,
        (jobs.TargetView(name="qpu", controller="qpu"),),
        (
            jobs.ControllerView(
                name="qpu",
                driver="simulated-qpu",
                connected=True,
                running=JOB,
                line=2,
                capabilities=CAPABILITIES,
                heard_unix_s=60.5,
            ),
            jobs.ControllerView(
                name="adc", driver="", connected=False, running=None, line=0, capabilities=None
            ),
        ),
    ),
    "Failure": jobs.Failure(15, ERROR),
    "RetryAnswer": jobs.RetryAnswer(18, "opened", 2),
    "Guards": Guards(
        90,
        (
            GuardState(
                name="cold",
                readout="fridge.plate",
                targets=("qpu",),
                standing="violated",
                since_unix_s=9.5,
                holds=True,
                fault="0.035 K is above 0.02 K",
                value=0.035,
                unit="K",
                read_unix_s=10.5,
                maximum=0.02,
                grace=30.0,
                every=5.0,
                abort=True,
                aborted=1,
            ),
        ),
    ),
    "Overview": Overview(
        21,
        time_unix_s=60.5,
        since_unix_s=0.5,
        received=12,
        ended={"ready": 9, "failed": 1, "aborted": 0},
        under_way={"execution_started": 1, "pending_execution": 1},
        queued=1,
        listeners=2,
        commits=70,
        commit_seconds=0.25,
        trouble="the disk is full",
        running=(BARE_VIEW,),
    ),
    "JobLog": JobLog(
        22,
        (
            LogLine(
                time_unix_s=1.5,
                source="qpu",
                level="WARNING",
                logger="lab.driver",
                message="the source does not lock",
                trace="Traceback ...",
            ),
        ),
        more=True,
    ),
    "Compiled": Compiled(
        49,
        (
            CompiledItem(
                index=1,
                artifact=ArtifactRef(id=f"{JOB}/1/1/compiled", size_bytes=7, sha256="ab"),
                depth=4,
                two_qubit_gates=1,
                duration=1.5e-6,
                initial_layout=("QB1", "QB2"),
                final_layout=("QB2", "QB1"),
                compiler="qiskit 2",
                name="bell",
            ),
        ),
    ),
    "ProvenanceAnswer": ProvenanceAnswer(
        48,
        Provenance(
            job=JOB,
            number=7,
            item=2,
            attempt=3,
            kind="circuits",
            station="5c0ffee0-1234-4abc-8def-0123456789ab",
            station_name="lab",
            created_unix_s=1.5,
            program_sha256="cd" * 32,
            program=NullProgram(),
            name="bell",
            program_name="first",
            target="qpu",
            creator="ada",
            project="p1",
            artifact=REF,
            partial=True,
            executed_attempt=2,
            executed_unix_s=2.5,
            ended_unix_s=3.5,
            ticket=40,
            n_shots=100,
            seed=7,
            optimisation_level=2,
            calibration=CalibrationOrigin(id="c1", name="today", created_unix_s=0.5),
            compiled=CompiledOrigin(sha256="ef" * 32, depth=4, two_qubit_gates=1),
            daemon={"stationd": "0.1.0"},
            controllers=(
                ControllerOrigin(
                    name="qpu",
                    driver="simulated-qpu",
                    versions={"Python": "3.11.2"},
                    since_unix_s=0.5,
                ),
            ),
        ),
    ),
    "Versions": Versions(
        82,
        (
            RunningVersions(controller="", since_unix_s=1.5, versions={"Python": "3.11.2"}),
            RunningVersions(controller="qpu", since_unix_s=2.5, versions={"numpy": "2.0.1"}),
        ),
    ),
    "JobLog, with fields": JobLog(
        22,
        (
            LogLine(
                time_unix_s=1.5,
                source="daemon",
                level="WARNING",
                logger="stationd",
                message="x",
                attempt=2,
                ticket=7,
                stage="compile",
                controller="qpu",
                code="driver_failed",
                number=8,
            ),
        ),
        more=False,
    ),
    "Pong, to a user": jobs.Pong(1, "lab", 3, "0.1.0", "ada", "operator"),
    "Job, in a project": jobs.Job(
        3,
        msgspec.structs.replace(
            BARE_VIEW,
            creator="ada",
            description="after the warm-up",
            project=SET,
            properties=PROPERTIES,
        ),
    ),
    "AuditTrail": AuditTrail(
        23,
        (
            AuditLine(
                time_unix_s=1.5,
                user="ada",
                role="submitter",
                means="unix:1000",
                peer="localhost:1000:1000:77",
                endpoint="ipc:///run/stationd/jobs.sock",
                request="Cancel",
                subject=JOB,
                outcome="refused",
                code="forbidden",
                detail="it is max'",
                left_out=3,
            ),
            AuditLine(time_unix_s=2.5, user="", request="SubmitMany", jobs=5, outcome="done"),
        ),
        more=True,
    ),
    "Deleted": Deleted(42, "already_gone"),
    "Counted": Counted(43, 12),
    "Input": Input(44, OpenQasm(source=BELL, name="bell"), 1000),
    "Input, a sweep": Input(44, Sweep(axes=((Axis("lo.power", (1, 2)),),), returns=("adc.y",)), 0),
    "Projects": Projects(45, (PROJECT,)),
    "Projects, with quotas": Projects(
        45, (msgspec.structs.replace(PROJECT, quota_bytes=100, keep_days=30.0),), {SET: 40}
    ),
}

REPLY_EXAMPLES.update(
    {
        "Placed": queue.Placed(61, JOB, -10, held=True, position=None),
        "Targets": queue.Targets(
            65,
            (
                queue.TargetState(
                    controller="qpu",
                    targets=("q5",),
                    state="paused",
                    note="a leak",
                    waiting=12,
                    line=3,
                ),
                queue.TargetState(controller="adc", targets=()),
            ),
            (
                queue.ReservationView(
                    id=SET,
                    controller="qpu",
                    project="p1",
                    from_unix_s=10.5,
                    to_unix_s=20.5,
                    note="a demonstration",
                ),
            ),
        ),
        "Targets, locked and under maintenance": queue.Targets(
            72,
            (
                queue.TargetState(
                    controller="qpu",
                    targets=(),
                    locked_by="ann",
                    locked_unix_s=1.5,
                    lock_note="ask Ann",
                ),
            ),
            (
                queue.ReservationView(
                    id=SET,
                    controller="qpu",
                    project="",
                    from_unix_s=10.5,
                    to_unix_s=20.5,
                    maintenance=True,
                ),
            ),
        ),
        "Submitted, to what is locked": jobs.Submitted(2, JOB, 7, created=True, notice="locked"),
        "QueueListing": queue.QueueListing(
            69,
            40,
            (
                queue.QueueEntry(
                    job=JOB,
                    number=7,
                    state="early",
                    controllers=("adc", "qpu"),
                    project="p1",
                    priority=3,
                    since_unix_s=1.5,
                    not_before=9.5,
                    moved=True,
                ),
                queue.QueueEntry(job=JOB, number=8, state="waiting", controllers=("qpu",)),
            ),
        ),
        "Explanation": queue.Explanation(
            70, JOB, (queue.Reason("held", "it is held until somebody lets it go"),)
        ),
    }
)


GoldenCheck = Callable[[str, str, bytes], None]
ReadmeCheck = Callable[[object], None]


@pytest.mark.parametrize("label", REQUEST_EXAMPLES)
def test_a_request_is_its_golden_bytes(label: str, check_golden: GoldenCheck) -> None:
    frame = REQUESTS.encode(REQUEST_EXAMPLES[label])
    check_golden("jobs", label, frame)
    assert REQUESTS.decode(frame) == REQUEST_EXAMPLES[label]


@pytest.mark.parametrize("label", REPLY_EXAMPLES)
def test_a_reply_is_its_golden_bytes(label: str, check_golden: GoldenCheck) -> None:
    frame = REPLIES.encode(REPLY_EXAMPLES[label])
    check_golden("jobs", label, frame)
    assert REPLIES.decode(frame) == REPLY_EXAMPLES[label]


def test_the_readme_lists_every_message(check_readme: ReadmeCheck) -> None:
    check_readme(jobs.Request)
    check_readme(jobs.Reply)


def test_every_message_has_golden_bytes() -> None:
    assert {type(each) for each in REQUEST_EXAMPLES.values()} == set(get_args(jobs.Request))
    assert {type(each) for each in REPLY_EXAMPLES.values()} == set(get_args(jobs.Reply))


def test_every_message_begins_with_its_request_number() -> None:
    for message in (*get_args(jobs.Request), *get_args(jobs.Reply)):
        assert msgspec.structs.fields(message)[0].name == "request"


def test_a_retry_names_statuses_of_what_is_over_and_at_least_one() -> None:
    for statuses in (("QUEUED",), ()):
        request = jobs.Retry(1, JOB, 1, retry_status=statuses)  # type: ignore[arg-type]
        with pytest.raises(ProtocolViolation):
            REQUESTS.decode(REQUESTS.encode(request))


def test_a_retry_follows_an_attempt_that_there_was() -> None:
    with pytest.raises(ProtocolViolation, match="Expected `int`"):
        REQUESTS.decode(REQUESTS.encode(jobs.Retry(1, JOB, 0)))


def test_what_a_client_of_before_asked_of_a_log_is_understood() -> None:
    body = "931f16d92430623163326433652d346635302d343631372d383239332d613462356336643765386639"
    assert REQUESTS.decode(bytes.fromhex("73746a0100" + body)) == ReadLog(22, JOB)


def test_a_number_that_no_store_can_hold_is_refused() -> None:
    for request in (
        jobs.List(1, JobFilter(), before=2**53 + 1),
        jobs.Listen(1, None, after=-1, credit=1),
        jobs.Fetch(1, REF.id, -1),
        jobs.Get(-1, JOB),
    ):
        with pytest.raises(ProtocolViolation, match="Expected `int`"):
            REQUESTS.decode(REQUESTS.encode(request))


def test_a_measurement_that_is_not_a_number_is_refused() -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        request = jobs.ImportCalibration(1, SET, "qpu", (Observation(path="a", value=value),))
        with pytest.raises(ProtocolViolation, match="Expected `float`"):
            REQUESTS.decode(REQUESTS.encode(request))


@pytest.mark.parametrize(
    "job", ["", "../../etc/passwd", JOB.upper(), JOB + "/..", JOB + "\n", "x" * 36]
)
def test_a_new_job_is_named_by_a_canonical_uuid_only(job: str) -> None:
    request = jobs.Submit(1, JobId(job), JobSpec(work=Sweep(returns=("adc.trace",))))
    with pytest.raises(ProtocolViolation, match=r"Expected `str` matching regex .* at `\$\[2\]`"):
        REQUESTS.decode(REQUESTS.encode(request))


@pytest.mark.parametrize("credit", [0, jobs.MOST_CREDIT + 1])
def test_a_grant_is_at_least_one_event_and_at_most_a_million(credit: int) -> None:
    with pytest.raises(ProtocolViolation, match="Expected `int`"):
        REQUESTS.decode(REQUESTS.encode(jobs.Grant(1, credit)))


@pytest.mark.parametrize("limit", [0, jobs.MOST_LISTED + 1])
def test_a_page_holds_at_least_one_job_and_at_most_a_thousand(limit: int) -> None:
    with pytest.raises(ProtocolViolation, match="Expected `int`"):
        REQUESTS.decode(REQUESTS.encode(jobs.List(1, JobFilter(), limit=limit)))


def test_a_stream_names_at_most_a_thousand_jobs() -> None:
    request = jobs.Listen(1, (JOB,) * (jobs.MOST_LISTENED + 1), None, 1)
    with pytest.raises(ProtocolViolation, match="length <= 1000 "):
        REQUESTS.decode(REQUESTS.encode(request))
