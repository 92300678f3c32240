"""What the examples of messages are about."""

from stationd.proto.calibration import Observation
from stationd.proto.error import ErrorCode, ErrorInfo, Problem
from stationd.proto.job import ArtifactRef, ItemView, JobId, JobView, Progress, TimelineEntry
from stationd.proto.program import Capabilities, Qpu, Readout, Setting
from stationd.proto.project import Project, Property, PropertyValue
from stationd.proto.status import JobExecutorStatus

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
