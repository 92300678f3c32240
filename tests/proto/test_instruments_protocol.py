"""The messages between the daemon and controllers: these bytes are the protocol."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from stationd.proto import instruments_protocol as instruments
from stationd.proto.codec import (
    COMMANDS,
    MAX_FRAME_BYTES,
    REPORTS,
    Codec,
    commands_in,
    reports_in,
)
from stationd.proto.error import ErrorCode, ProtocolViolation
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.log_report import JobLine, Logged
from stationd.proto.program import (
    Capabilities,
    CircuitsWork,
    CircuitWork,
    Instruction,
    Move,
    NativeCircuit,
    NullWork,
    Readout,
    SweepWork,
)
from stationd.proto.reading import Read, Reading
from stationd.proto.station_requests import LogLine

TICKET = Ticket(9, JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"), 2)
FENCE = Fence("5c0ffee0-1234-4abc-8def-0123456789ab", 3)

CIRCUITS = CircuitsWork(
    circuits=(
        CircuitWork(
            item=0,
            circuit=NativeCircuit(
                instructions=(
                    Instruction("prx", ("QB1",), (1.5, 0.0)),
                    Instruction("measure", ("QB1",), (), (0,)),
                ),
                n_bits=1,
                bit_names=("c[0]",),
                name="flip",
            ),
            shots=100,
            seed=11,
        ),
    ),
    calibration={"QB1.t1": 35e-6},
)
SWEEP = SweepWork(
    settings=(("on", True), ("mode", "cw")),
    shape=(2, 3),
    moves=(Move("delay", 1, (0.0, 0.5, 1.0)),),
    returns=("trace",),
    paced=True,
    first=5,
)
REPORT_EXAMPLES: dict[str, instruments.Report] = {
    "Hello": instruments.Hello(
        "adc",
        "simulated-adc",
        "0a0b0c0d-0000-4000-8000-000000000001",
        FENCE,
        8,
        (instruments.HeldTicket(TICKET, "running", 2),),
        Capabilities(readouts=(Readout(name="trace"),)),
        "0.1.0",
        4711,
        12,
    ),
    "Hello, for the first time": instruments.Hello(
        "null", "null", "0a0b", None, 0, (), Capabilities(null=True), "0.1.0", 1
    ),
    "Beat": instruments.Beat(),
    "Armed": instruments.Armed(TICKET),
    "Started": instruments.Started(TICKET, 1.5),
    "Progressed": instruments.Progressed(TICKET, 10, 100, "shots"),
    "Data": instruments.Data(TICKET, 0, "trace", 0, 5, "<f8", (2, 100)),
    "Finished": instruments.Finished(TICKET, 3, 2.5),
    "Failed": instruments.Failed(TICKET, 1, ErrorCode.DRIVER_FAILED, "no trigger came", 2.5),
    "AtRest": instruments.AtRest(TICKET, 1, 2.5),
    "Revoked": instruments.Revoked(TICKET),
    "TooLate": instruments.TooLate(TICKET),
    "Reached": instruments.Reached(TICKET, 4, "read"),
    "Lost": instruments.Lost(TICKET, 1),
    "Refused": instruments.Refused(TICKET, ErrorCode.STALE_FENCE, "epoch 2, seen 3"),
    "Refused, of no ticket": instruments.Refused(None, ErrorCode.STALE_FENCE, "foreign"),
    "Logged": Logged(
        (
            JobLine(
                (TICKET.job,),
                LogLine(
                    time_unix_s=1.5,
                    source="qpu",
                    level="WARNING",
                    logger="lab.driver",
                    message="the source does not lock",
                    attempt=2,
                    ticket=7,
                ),
            ),
        ),
        lost=3,
    ),
    "Reading": Reading(3, "temperature", 0.0142, "", 1.5),
    "Reading, that could not be taken": Reading(4, "lock", None, "TimeoutError: no answer", 1.5),
    "Reports": instruments.Reports((instruments.Armed(TICKET), instruments.Beat())),
}
COMMAND_EXAMPLES: dict[str, instruments.Command] = {
    "Welcome": instruments.Welcome(FENCE, 1.0, "0.1.0"),
    "Heartbeat": instruments.Heartbeat(),
    "Arm, circuits": instruments.Arm(FENCE, TICKET, CIRCUITS, start=True),
    "Arm, sweep": instruments.Arm(FENCE, TICKET, SWEEP, start=False),
    "Arm, null": instruments.Arm(FENCE, TICKET, NullWork(duration=0.5), start=True),
    "Start": instruments.Start(FENCE, TICKET),
    "Revoke": instruments.Revoke(FENCE, TICKET),
    "Abort": instruments.Abort(FENCE, TICKET),
    "Advance": instruments.Advance(FENCE, TICKET, 4, "set"),
    "Advance, through other spots": instruments.Advance(FENCE, TICKET, 4, "read", 7),
    "Collect": instruments.Collect(FENCE, TICKET, 2),
    "Acknowledge": instruments.Acknowledge(FENCE, TICKET),
    "Forget": instruments.Forget(FENCE, 9),
    "Shutdown": instruments.Shutdown(FENCE),
    "Read": Read(FENCE, 3, "temperature"),
    "Commands": instruments.Commands((instruments.Heartbeat(), instruments.Start(FENCE, TICKET))),
}

GoldenCheck = Callable[[str, str, bytes], None]
ReadmeCheck = Callable[[object], None]


@pytest.mark.parametrize("label", REPORT_EXAMPLES)
def test_a_report_is_its_golden_bytes(label: str, check_golden: GoldenCheck) -> None:
    frame = REPORTS.encode(REPORT_EXAMPLES[label])
    check_golden("instruments", label, frame)
    assert REPORTS.decode(frame) == REPORT_EXAMPLES[label]


@pytest.mark.parametrize("label", COMMAND_EXAMPLES)
def test_a_command_is_its_golden_bytes(label: str, check_golden: GoldenCheck) -> None:
    frame = COMMANDS.encode(COMMAND_EXAMPLES[label])
    check_golden("instruments", label, frame)
    assert COMMANDS.decode(frame) == COMMAND_EXAMPLES[label]


def test_the_readme_lists_every_message(check_readme: ReadmeCheck) -> None:
    check_readme(instruments.Report)
    check_readme(instruments.Command)


def test_every_message_has_golden_bytes() -> None:
    reports, commands = REPORT_EXAMPLES.values(), COMMAND_EXAMPLES.values()
    assert {type(each) for each in reports} == set(get_args(instruments.Report))
    assert {type(each) for each in commands} == set(get_args(instruments.Command))


def test_every_command_carries_a_fence_but_the_sign_of_life() -> None:
    for command in set(get_args(instruments.OneCommand)) - {instruments.Heartbeat}:
        assert msgspec.structs.fields(command)[0].type is Fence


@pytest.mark.parametrize(
    "count", [1, 2, instruments.MOST_IN_BATCH, 2 * instruments.MOST_IN_BATCH + 3]
)
def test_joined_frames_hold_the_same_messages_in_the_same_order(count: int) -> None:
    reports = [instruments.Started(TICKET, float(index)) for index in range(count)]
    joined = [*REPORTS.joined([*map(REPORTS.encode, reports)], instruments.REPORTS_TAG)]
    assert len(joined) == -(-count // instruments.MOST_IN_BATCH)
    assert [report for frame in joined for report in reports_in(frame)] == reports
    commands = [instruments.Forget(FENCE, index) for index in range(count)]
    joined = [*COMMANDS.joined([*map(COMMANDS.encode, commands)], instruments.COMMANDS_TAG)]
    assert [command for frame in joined for command in commands_in(frame)] == commands


def test_large_messages_are_not_joined_into_frames_that_are_too_large() -> None:
    long = "x" * 50_000
    refusals = [instruments.Refused(None, ErrorCode.CONFLICT, long + str(i)) for i in range(400)]
    frames = [*map(REPORTS.encode, refusals)]
    joined = [*REPORTS.joined(frames, instruments.REPORTS_TAG)]
    assert max(map(len, joined)) < MAX_FRAME_BYTES
    assert [report for frame in joined for report in reports_in(frame)] == refusals


def test_joining_nothing_sends_nothing() -> None:
    assert not [*REPORTS.joined([], instruments.REPORTS_TAG)]


def test_a_joined_frame_is_the_message_of_the_protocol() -> None:
    frames = [REPORTS.encode(instruments.Armed(TICKET)), REPORTS.encode(instruments.Beat())]
    (joined,) = REPORTS.joined(frames, instruments.REPORTS_TAG)
    assert REPORTS.decode(joined) == REPORT_EXAMPLES["Reports"]


@pytest.mark.parametrize("codec", [REPORTS, COMMANDS])
def test_an_empty_batch_is_refused(codec: Codec[Any]) -> None:
    tag = instruments.REPORTS_TAG if codec is REPORTS else instruments.COMMANDS_TAG
    with pytest.raises(ProtocolViolation, match="length >= 1"):
        codec.decode(b"sti\x01\x00" + msgspec.msgpack.encode([tag, []]))


@pytest.mark.parametrize(
    "report",
    [
        instruments.Started(TICKET, float("nan")),
        instruments.Finished(TICKET, 1, float("inf")),
        instruments.Finished(TICKET, 2**60, 1.0),
        instruments.Data(TICKET, -1, "trace", 0, 0, "<f8", (1,)),
        instruments.Data(TICKET, 0, "trace", 0, 0, "<f8", (-1,)),
        instruments.Armed(Ticket(1, TICKET.job, 0)),
    ],
    ids=repr,
)
def test_a_number_that_no_store_can_hold_is_refused(report: instruments.Report) -> None:
    with pytest.raises(ProtocolViolation, match="Expected"):
        REPORTS.decode(REPORTS.encode(report))


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), 1e9])
def test_a_daemon_cannot_ask_for_a_beat_that_never_comes(seconds: float) -> None:
    with pytest.raises(ProtocolViolation, match="Expected `float`"):
        COMMANDS.decode(COMMANDS.encode(instruments.Welcome(FENCE, seconds, "0.1.0")))
