"""Bad input gets a clear error, and the daemon goes on."""

import math
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import pytest
import zmq

from stationd import jobs
from stationd.proto.codec import MAX_FRAME_BYTES, REPLIES, REQUESTS
from stationd.proto.error import (
    ErrorCode,
    InvalidJob,
    JobError,
    MessageTooLarge,
    RequestError,
    UnknownCalibrationSet,
    UnknownJob,
    ZeroMatches,
)
from stationd.proto.job import JobId, JobSpec
from stationd.proto.jobs_protocol import Fetch, Get, Listen, Ping, Pong, Submit
from stationd.proto.program import Axis, Circuits, NullProgram, OpenQasm, SettingValue, Sweep
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.station import FOREVER, PATIENCE, Station, dealer, until

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
NOT_FINITE = [math.nan, math.inf, -math.inf]


@pytest.fixture(autouse=True)
def still_works(station: Station) -> Iterator[None]:
    """Fail a test after which the station does not run a job as before."""
    daemon = station.pid
    yield
    job = jobs.submit(programs=NullProgram(), n_shots=1, target="null")
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY
    assert station.pid == daemon


def submit_and_wait(**work: object) -> None:
    """Submit a job and wait for it, whichever of the two fails."""
    jobs.wait_for(jobs.submit(**work), timeout=PATIENCE)  # type: ignore[arg-type]


def sweep_of(*values: SettingValue, setting: str = "source.delay", **others: object) -> Sweep:
    """Return a sweep over one setting."""
    return Sweep(axes=((Axis(setting, values),),), returns=("readout.population",), **others)  # type: ignore[arg-type]


# --- circuits --------------------------------------------------------------------------------

BAD_PROGRAMS: Final = {
    "not OpenQASM": ("Dear station,\nplease run a circuit.\n", "(?i)openqasm"),
    "nothing": ("", "(?i)openqasm|empty"),
    "NUL bytes": ("\0\0\0\n\0", "(?i)openqasm"),
    "no such version": ("OPENQASM 9.0;\nqubit q;\n", "9"),
    "undefined gate": (f"{HEADER}qubit q;\nbit c;\nteleport q;\nc = measure q;\n", "teleport"),
    "undefined qubit": (f"{HEADER}qubit q;\nbit c;\nh r;\nc = measure q;\n", "r"),
    "too many qubits": (
        f"{HEADER}qubit[10000] q;\nbit c;\nh q[0];\nc = measure q[0];\n",
        "10,?000",
    ),
    "nothing measured": (f"{HEADER}qubit q;\nh q;\n", "measure"),
    "no such file": (
        f'{HEADER}include "/etc/passwd";\nqubit q;\nbit c;\nc = measure q;\n',
        "include",
    ),
    "not finite": (f"{HEADER}qubit q;\nbit c;\nrx(1/0) q;\nc = measure q;\n", "."),
    "deeply nested": (f"{HEADER}qubit q;\nbit c;\nrx({'(' * 5000}1{')' * 5000}) q;\n", "."),
}


@pytest.mark.parametrize(("source", "reason"), BAD_PROGRAMS.values(), ids=BAD_PROGRAMS)
def test_a_program_that_cannot_run_is_refused_with_its_reason(source: str, reason: str) -> None:
    with pytest.raises((InvalidJob, JobError), match=reason) as raised:
        submit_and_wait(programs=OpenQasm(source=source), n_shots=10, target="qpu")
    assert raised.value.code in {ErrorCode.INVALID_JOB, ErrorCode.COMPILATION_FAILED}
    assert "Traceback" not in str(raised.value)


def test_a_bad_item_leaves_the_others_alone_if_the_job_says_so(station: Station) -> None:
    good = f"{HEADER}qubit q;\nbit c;\nh q;\nc = measure q;\n"
    bad = f"{HEADER}qubit q;\nbit c;\nteleport q;\nc = measure q;\n"
    job = jobs.submit(programs=[good, bad, good], n_shots=10, target="qpu", item_errors="continue")

    with pytest.raises(JobError, match="teleport") as raised:
        jobs.wait_for(job, timeout=PATIENCE)
    assert list(raised.value.items) == [1]
    found = jobs.results(job, allow_incomplete=True)
    assert [isinstance(item, jobs.ResultRef) for item in found] == [True, False, True]


@pytest.mark.parametrize("shots", [0, -1, 10**9, 10**30, 1.5, "many"])
def test_a_number_of_shots_that_makes_no_sense_is_refused(shots: object) -> None:
    with pytest.raises(InvalidJob, match="shots"):
        submit_and_wait(
            programs=f"{HEADER}qubit q;\nbit c;\nc = measure q;\n", n_shots=shots, target="qpu"
        )


@pytest.mark.campaign
def test_a_program_of_a_hundred_megabytes_is_refused_before_it_is_sent() -> None:
    with pytest.raises(MessageTooLarge, match="at most"):
        submit_and_wait(programs=HEADER + "//" + "x" * 100_000_000, n_shots=1, target="qpu")


@pytest.mark.parametrize("target", ["qup", "nothing", ""])
def test_a_target_that_is_not_there_is_refused(target: str) -> None:
    with pytest.raises(InvalidJob, match="qpu"):
        submit_and_wait(programs=NullProgram(), n_shots=1, target=target)


@pytest.mark.parametrize("duration", [-1.0, 1e9, *NOT_FINITE])
def test_a_duration_that_makes_no_sense_is_refused(duration: float) -> None:
    with pytest.raises(InvalidJob, match="duration"):
        submit_and_wait(programs=NullProgram(duration=duration), n_shots=1, target="null")


# --- sweeps ----------------------------------------------------------------------------------

_PAIR = (Axis("source.delay", (0.0, 1e-6)), Axis("source.amplitude", (0.1, 0.2, 0.3)))

BAD_SWEEPS: Final = {
    "NaN": (sweep_of(0.0, math.nan), "source.delay"),
    "infinity": (sweep_of(0.0, math.inf), "source.delay"),
    "NaN once": (sweep_of(0.0, settings={"source.amplitude": math.nan}), "source.amplitude"),
    "beyond the limits": (sweep_of(0.0, 1.0), "source.delay"),
    "text for a number": (sweep_of("now"), "source.delay"),
    "no values": (sweep_of(), "source.delay"),
    "unequal zipped axes": (Sweep(axes=(_PAIR,), returns=("readout.s21",)), "3 values.*2"),
    "unknown controller": (sweep_of(0.0, setting="sauce.delay"), "sauce"),
    "unknown setting": (sweep_of(0.0, setting="source.dealy"), "delay"),
    "no dot": (sweep_of(0.0, setting="delay"), "delay"),
    "unknown readout": (Sweep(returns=("readout.colour",)), "colour"),
    "twice": (sweep_of(0.0, settings={"source.delay": 0.0}), "source.delay"),
    "too many spots": (
        Sweep(
            axes=tuple((Axis(f"source.{name}", (0.5,) * 5000),) for name in ("amplitude", "delay")),
            returns=("readout.s21",),
        ),
        "spots",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sweep", "reason"), BAD_SWEEPS.values(), ids=BAD_SWEEPS)
def test_a_sweep_that_cannot_run_is_refused_with_its_reason(sweep: Sweep, reason: str) -> None:
    with pytest.raises(InvalidJob, match=reason):
        submit_and_wait(sweep=sweep)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    sweep = Sweep(axes=((Axis("source.dealy", (math.nan,)),),), returns=("readout.colour",))
    with pytest.raises(InvalidJob) as raised:
        jobs.submit(sweep=sweep)
    assert {problem.field for problem in raised.value.problems} >= {
        "source.dealy",
        "readout.colour",
    }


# --- ids -------------------------------------------------------------------------------------

UNKNOWN: Final = str(uuid.UUID(int=1))
ASKED: Final[dict[str, Callable[[], object]]] = {
    "view": lambda: jobs.view(UNKNOWN),
    "status": lambda: jobs.status(UNKNOWN),
    "wait": lambda: jobs.wait_for(UNKNOWN, timeout=PATIENCE),
    "listen": lambda: list(jobs.listen_job_status(UNKNOWN)),
    "cancel": lambda: jobs.cancel(UNKNOWN),
    "results": lambda: jobs.results(UNKNOWN),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_an_id_that_no_job_has_is_named(ask: Callable[[], object]) -> None:
    with pytest.raises(UnknownJob, match=UNKNOWN):
        ask()


def test_what_is_not_an_id_is_said_to_be_none() -> None:
    with pytest.raises(RequestError, match="UUID"):
        jobs.view("the one from yesterday")
    with pytest.raises(ZeroMatches, match=UNKNOWN):
        jobs.get(id=UNKNOWN)
    with pytest.raises(UnknownCalibrationSet, match=UNKNOWN):
        jobs.get_calibration(UNKNOWN)
    with pytest.raises((InvalidJob, JobError), match=UNKNOWN):
        submit_and_wait(programs=NullProgram(), n_shots=1, target="null", calibration_set=UNKNOWN)


@pytest.mark.parametrize("artifact", ["../../../etc/passwd", "x/1/0", "", f"{UNKNOWN}/1/0"])
def test_a_path_is_not_a_result(station: Station, artifact: str) -> None:
    (frame, *bulk) = station.exchange([REQUESTS.encode(Fetch(1, artifact))])
    assert b"unknown_artifact" in frame or b"invalid_request" in frame
    assert not bulk


def test_an_id_that_is_a_path_is_refused(station: Station) -> None:
    spec = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"))
    frame = REQUESTS.encode(Submit(1, JobId("../../../tmp/job"), spec))
    assert b"malformed" in station.exchange([frame])[0]


# --- the wire --------------------------------------------------------------------------------

PING: Final = REQUESTS.encode(Ping(7, "test"))
GARBAGE: Final = {
    "nothing": [b""],
    "noise": [b"\xff\x00GET / HTTP/1.1"],
    "a header alone": [PING[:5]],
    "cut off": [PING[:-3]],
    "another protocol": [b"xyz" + PING[3:]],
    "an unknown tag": [PING[:5] + msgspec.msgpack.encode([9999, 7])],
    "a wrong type": [PING[:5] + msgspec.msgpack.encode([1, "seven", 5])],
    "a negative number": [PING[:5] + msgspec.msgpack.encode([1, -7, ""])],
    "deep nesting": [PING[:5] + b"\x91" * 100_000],
    "a huge length": [PING[:5] + b"\xdd\xff\xff\xff\xff"],
    "many frames": [b"x"] * 1000,
}


@pytest.mark.parametrize("frames", GARBAGE.values(), ids=GARBAGE)
def test_garbage_on_the_jobs_socket_gets_an_error(station: Station, frames: list[bytes]) -> None:
    assert b"malformed_frame" in station.exchange(frames)[0]


def test_a_newer_major_version_is_refused_with_both_versions(station: Station) -> None:
    answer = station.exchange([PING[:3] + b"\x02\x00" + PING[5:]])[0]
    assert b"unsupported_version" in answer
    assert b"2.0" in answer
    assert b"1.0" in answer


def test_a_newer_minor_version_is_understood(station: Station) -> None:
    newer = [1, 7, "test", "a field that we do not know"]
    answer = station.exchange([PING[:4] + b"\x63" + msgspec.msgpack.encode(newer)])
    assert isinstance(REPLIES.decode(answer[0]), Pong)


@pytest.mark.parametrize(
    "frames", [*GARBAGE.values(), [b"sti\x02\x00\x90"]], ids=[*GARBAGE, "a newer major version"]
)
def test_garbage_on_the_instruments_socket_is_dropped(
    station: Station, frames: list[bytes]
) -> None:
    before = station.log.count("dropped a frame on the instruments socket")
    with dealer(station.instruments_endpoint) as socket:
        socket.send_multipart(frames)
        until(
            lambda: station.log.count("dropped a frame on the instruments socket") > before,
            "the frame was dropped",
        )
        assert not socket.poll(0)


@pytest.mark.parametrize("where", ["endpoint", "instruments_endpoint"])
def test_a_frame_beyond_all_bounds_ends_its_connection_and_no_other(
    station: Station, where: str
) -> None:
    with dealer(getattr(station, where)) as socket:
        monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        socket.send(bytes(MAX_FRAME_BYTES + 1))
        assert monitor.poll(int(PATIENCE * 1000))
        socket.disable_monitor()


def test_requests_for_far_too_much_are_refused(station: Station) -> None:
    ids = tuple(JobId(str(uuid.UUID(int=number))) for number in range(10_001))
    for frame in (
        REQUESTS.encode(Listen(7, ids, None, 1)),
        REQUESTS.encode(Listen(7, None, None, 10**9)),
        REQUESTS.encode(Get(7, JobId("x" * 1_000_000))),
    ):
        answer = station.exchange([frame])[0]
        assert any(code in answer for code in (b"malformed_frame", b"unknown_job")), answer[:200]
        assert len(answer) < 10_000


def test_clients_that_vanish_while_they_wait_leave_nothing_behind(station: Station) -> None:
    job = jobs.submit(programs=NullProgram(duration=FOREVER), n_shots=1, target="null")
    script = (
        "from stationd import jobs; import sys\n"
        "for status in jobs.listen_job_status(sys.argv[1]): print(status, flush=True)\n"
    )
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", script, job.id],
            env=station.environment,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline()
        client.kill()
        client.wait(PATIENCE)
        client.stdout.close()

    assert jobs.cancel(job) == "accepted"
    *_, last = jobs.listen_job_status(job)
    assert last.status is JobExecutorStatus.ABORTED
