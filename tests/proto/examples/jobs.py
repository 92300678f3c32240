"""Examples of messages about jobs."""

import msgspec

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobFilter, JobSpec
from stationd.proto.job_requests import (
    Cancel,
    CancelAnswer,
    Get,
    Job,
    Jobs,
    List,
    NewJob,
    Retry,
    RetryAnswer,
    Submit,
    SubmitAnswer,
    SubmitMany,
    Submitted,
    SubmittedMany,
)
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.program import (
    Axis,
    Circuits,
    Compile,
    Instruction,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    OpenQasm,
    Qpy,
    Sweep,
)
from stationd.proto.search import JobPlace, Order, ScopeFilterEnum, SortFilterEnum
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, RemoteRetryStrategy
from tests.proto.examples.values import BARE_VIEW, BELL, ERROR, FULL_VIEW, JOB, PROPERTIES, SET

REQUESTS: dict[str, Request] = {
    "Submit, circuits of all forms": Submit(
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
    "Submit, circuits": Submit(
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
    "Submit, compile": Submit(
        3, JOB, JobSpec(work=Compile(programs=(OpenQasm(source=BELL),), target="qpu"))
    ),
    "Submit, sweep": Submit(
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
    "Submit, with all attempts that it wants": Submit(
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
    "Get": Get(5, JOB),
    "List": List(6, JobFilter()),
    "List, filtered": List(
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
    "Cancel": Cancel(8, JOB),
    "Retry": Retry(18, JOB, 1),
    "Retry, all given": Retry(
        19, JOB, 2, RemoteRetryStrategy.FORCE_RESUBMIT, ("ERROR", "CANCELLED")
    ),
    "SubmitMany": SubmitMany(
        71,
        (
            NewJob(
                JOB,
                JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null")),
            ),
        ),
    ),
    "Submit, in a project": Submit(
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
    "List, by all that there is": List(
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
    "Submit, with all that it says of when it may begin": Submit(
        60,
        JOB,
        JobSpec(
            work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"),
            not_before=10.5,
            deadline=20.5,
            hold=True,
        ),
    ),
}

REPLIES: dict[str, Reply] = {
    "Submitted": Submitted(2, JOB, 7, created=True, created_unix_s=1.5, creator="ada"),
    "SubmittedMany": SubmittedMany(
        71,
        (
            SubmitAnswer(7, created=True, created_unix_s=1.5),
            SubmitAnswer(0, created=False, error=ERROR),
        ),
        "ada",
    ),
    "Job": Job(3, FULL_VIEW),
    "Job, as short as can be": Job(3, BARE_VIEW),
    "Jobs": Jobs(4, (BARE_VIEW,), more=False),
    "CancelAnswer": CancelAnswer(5, "already_over"),
    "RetryAnswer": RetryAnswer(18, "opened", 2),
    "Job, in a project": Job(
        3,
        msgspec.structs.replace(
            BARE_VIEW,
            creator="ada",
            description="after the warm-up",
            project=SET,
            properties=PROPERTIES,
        ),
    ),
    "Submitted, to what is locked": Submitted(2, JOB, 7, created=True, notice="locked"),
}
