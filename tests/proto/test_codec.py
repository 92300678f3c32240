"""Frames: what is understood, what is refused, and that nothing else ever happens."""

import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from stationd.proto import instruments_protocol, jobs_protocol
from stationd.proto.codec import (
    COMMANDS,
    MAX_FRAME_BYTES,
    REPLIES,
    REPORTS,
    REQUESTS,
    Codec,
    request_number,
)
from stationd.proto.error import (
    ErrorCode,
    MessageTooLarge,
    PeerError,
    ProtocolViolation,
    RequestError,
    UnsupportedVersion,
)
from stationd.proto.job import JobFilter, JobId, JobSpec
from stationd.proto.program import Axis, SettingValue, Sweep

AnyCodec = Codec[Any]
CODECS: dict[str, tuple[AnyCodec, Any]] = {
    "requests": (REQUESTS, jobs_protocol.Request),
    "replies": (REPLIES, jobs_protocol.Reply),
    "reports": (REPORTS, instruments_protocol.Report),
    "commands": (COMMANDS, instruments_protocol.Command),
}
every_codec = pytest.mark.parametrize("codec", [pair[0] for pair in CODECS.values()], ids=CODECS)
# A busy machine is no reason to fail.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

JOBS_HEADER = b"stj\x01\x00"
JOB = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
GET = REQUESTS.encode(jobs_protocol.Get(5, JOB))


def golden_frames() -> list[bytes]:
    """Return every frame that the golden files hold."""
    folder = Path(__file__).parent / "golden"
    return [
        bytes.fromhex(entry["frame"])
        for file in sorted(folder.glob("*.json"))
        for entry in json.loads(file.read_text()).values()
    ]


GOLDEN = golden_frames()


def body(value: object) -> bytes:
    """Return a request's frame that holds anything at all."""
    return JOBS_HEADER + msgspec.msgpack.encode(value)


def decodes_or_blames_the_peer(codec: AnyCodec, frame: bytes) -> None:
    with contextlib.suppress(ProtocolViolation, UnsupportedVersion):
        codec.decode(frame)


# --- round trips -----------------------------------------------------------------------------

INTEGERS = st.integers(-(2**63), 2**64 - 1)


def whole_numbers(kind: inspect.IntType) -> st.SearchStrategy[Any]:
    bounded = kind.ge is not None or kind.le is not None
    return st.integers(kind.ge, kind.le) if bounded else INTEGERS


def floats(kind: inspect.FloatType) -> st.SearchStrategy[Any]:
    open_below = kind.gt is not None
    least = kind.gt if open_below else kind.ge
    return st.floats(least, kind.le, exclude_min=open_below, allow_nan=False)


def texts(kind: inspect.StrType) -> st.SearchStrategy[Any]:
    if kind.pattern is not None:
        return st.from_regex(kind.pattern)
    return st.text(min_size=kind.min_length or 0, max_size=8)


def tuples(kind: inspect.VarTupleType) -> st.SearchStrategy[Any]:
    most = 3 if kind.max_length is None else min(3, kind.max_length)
    return st.lists(any_of(kind.item_type), min_size=kind.min_length or 0, max_size=most).map(tuple)


def structs(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    return st.builds(kind.cls, **{field.name: any_of(field.type) for field in kind.fields})


STRATEGIES: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.NoneType: lambda _: st.none(),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.IntType: whole_numbers,
    inspect.FloatType: floats,
    inspect.StrType: texts,
    inspect.BytesType: lambda _: st.binary(max_size=8),
    inspect.EnumType: lambda kind: st.sampled_from(list(kind.cls)),
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.TupleType: lambda kind: st.tuples(*map(any_of, kind.item_types)),
    inspect.VarTupleType: tuples,
    inspect.DictType: lambda kind: st.dictionaries(
        any_of(kind.key_type), any_of(kind.value_type), max_size=3
    ),
    inspect.UnionType: lambda kind: st.one_of(*map(any_of, kind.types)),
    inspect.StructType: structs,
}


def any_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a type, as msgspec describes it."""
    return STRATEGIES[type(kind)](kind)


@pytest.mark.parametrize("direction", CODECS)
@settings(patiently, max_examples=20)  # each is a message of any kind, drawn field by field
@given(data=st.data())
def test_every_message_reads_as_it_was_written(direction: str, data: st.DataObject) -> None:
    codec, union = CODECS[direction]
    message = data.draw(any_of(inspect.type_info(union)))
    frame = codec.encode(message)
    assert codec.decode(frame) == message
    assert codec.decode(memoryview(bytearray(frame))) == message


def test_numbers_and_arrays_of_numpy_become_plain_values() -> None:
    sweep = Sweep(
        settings={"source.power": np.float64(0.5), "source.on": np.True_},  # type: ignore[dict-item]
        axes=((Axis("source.delay", np.linspace(0.0, 1.0, 3)),),),
        returns=("adc.trace",),
    )
    frame = REQUESTS.encode(jobs_protocol.Submit(1, JOB, JobSpec(work=sweep)))
    request = REQUESTS.decode(frame)
    assert isinstance(request, jobs_protocol.Submit)
    assert request.spec.work == Sweep(
        settings={"source.power": 0.5, "source.on": True},
        axes=((Axis("source.delay", (0.0, 0.5, 1.0)),),),
        returns=("adc.trace",),
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [(2**70, "ints"), (object(), "object"), ("\ud800", "surrogates"), (1j, "complex")],
)
def test_what_cannot_be_written_is_the_callers_error(value: SettingValue, reason: str) -> None:
    sweep = Sweep(settings={"source.power": value}, returns=("adc.trace",))
    with pytest.raises(RequestError, match=f"this Submit message cannot be sent: .*{reason}"):
        REQUESTS.encode(jobs_protocol.Submit(1, JOB, JobSpec(work=sweep)))


def test_a_message_that_is_too_large_is_not_written() -> None:
    sweep = Sweep(settings={"a.b": "x" * MAX_FRAME_BYTES}, returns=("adc.trace",))
    with pytest.raises(MessageTooLarge, match=r"Submit message takes 16,777,\d+ bytes; at most"):
        REQUESTS.encode(jobs_protocol.Submit(1, JOB, JobSpec(work=sweep)))


def test_the_largest_message_is_written() -> None:
    def frame(size: int) -> bytes:
        wanted = JobFilter(target="x" * size)
        return REQUESTS.encode(jobs_protocol.List(1, wanted))

    room = MAX_FRAME_BYTES - len(frame(2**20)) + 2**20
    assert len(frame(room)) == MAX_FRAME_BYTES
    with pytest.raises(MessageTooLarge):
        frame(room + 1)


# --- versions --------------------------------------------------------------------------------


@every_codec
def test_another_major_version_is_refused_and_both_are_named(codec: AnyCodec) -> None:
    protocol = "sti" if codec in (REPORTS, COMMANDS) else "stj"
    for major in (0, 2, 255):
        frame = protocol.encode() + bytes((major, 7)) + b"\x90"
        with pytest.raises(
            UnsupportedVersion, match=rf"peer speaks version {major}\.7 of .*'{protocol}'.* 1\.0"
        ):
            codec.decode(frame)


def test_a_newer_minor_version_is_understood() -> None:
    newer = b"stj\x01\x09" + msgspec.msgpack.encode([3, 5, JOB, "what is new", {"and": ["more"]}])
    assert REQUESTS.decode(newer) == jobs_protocol.Get(5, JOB)


def test_new_keys_and_new_elements_deep_inside_are_skipped() -> None:
    entry = {"seq": 1, "ordinal": 1, "attempt": 1, "status": "ready", "time_unix_s": 1.0}
    event = [JOB, {**entry, "mood": "fine"}, "also new"]
    newer = b"stj\x01\x01" + msgspec.msgpack.encode([108, 5, [event], 0])
    reply = REPLIES.decode(newer)
    assert isinstance(reply, jobs_protocol.Events)
    assert reply.events[0].entry.seq == 1


def test_an_error_code_of_a_newer_version_reads_as_unknown() -> None:
    newer = body([114, 5, {"code": "flux_capacitor_empty", "detail": "refuel it"}])
    reply = REPLIES.decode(newer)
    assert isinstance(reply, jobs_protocol.Failure)
    assert reply.error.code is ErrorCode.UNKNOWN
    assert reply.error.detail == "refuel it"


def test_a_client_reads_a_status_of_a_newer_version_as_it_is() -> None:
    entry = {"seq": 1, "ordinal": 1, "attempt": 1, "status": "cooling_down", "time_unix_s": 1.0}
    reply = REPLIES.decode(body([108, 5, [["a-job", entry]]]))
    assert isinstance(reply, jobs_protocol.Events)
    assert reply.events[0].entry.status == "cooling_down"
    with pytest.raises(ProtocolViolation, match="cooling_down"):
        REQUESTS.decode(body([4, 5, {"statuses": ["cooling_down"]}]))
    with pytest.raises(ProtocolViolation, match="Cooling"):
        REPLIES.decode(body([108, 5, [["a-job", entry | {"status": "Cooling"}]]]))


def test_what_was_added_later_may_be_missing() -> None:
    nothing: dict[str, object] = {}
    older = body((4, 6, nothing))
    assert REQUESTS.decode(older) == jobs_protocol.List(6, JobFilter())


# --- frames that are none --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "not a frame of the protocol 'stj': starts with b''"),
        (b"stj\x01", "not a frame of the protocol 'stj'"),
        (b"GET / HTTP/1.1\r\n", "starts with b'GET /'"),
        (COMMANDS.encode(instruments_protocol.Heartbeat()), r"starts with b'sti\\x01\\x00'"),
        (JOBS_HEADER, "truncated"),
        (body(None), "Expected `array`"),
        (body({1: 2}), "Expected `array`"),
        (body(()), "at least length 1"),
        (body([3]), "at least length 3"),
        (body([99, 5, JOB]), r"Invalid value 99 - at `\$\[0\]`"),
        (body([103, 5]), "Invalid value 103"),
        (body(["Get", 5, JOB]), "Expected `int`"),
        (body([3, 5, 17]), r"Expected `str`, got `int` - at `\$\[2\]`"),
        (body([3, True, JOB]), "Expected `int`, got `bool`"),
        (GET + b"\x00", "trailing"),
        (GET[:-1] + b"\xff", "utf-8"),
        (JOBS_HEADER + b"\x91" * 100_000, "array|recursion"),
        (body([4, 6, {"x": 0}])[:-3] + b"\xa1x" + b"\x91" * 100_000, "recursion"),
        (JOBS_HEADER + b"\xdd\xff\xff\xff\xff", "truncated"),
        (JOBS_HEADER + b"\xdd\xff\xff\xff\xff\x03\x05", "truncated|Expected"),
        (JOBS_HEADER + b"\x93\x07\x01\xdd\xff\xff\xff\xff", "truncated|Expected"),
        (JOBS_HEADER + b"\x93\x03\x05\xdb\xff\xff\xff\xff", "truncated"),
        (JOBS_HEADER + b"\x93\x04\x05\xdf\xff\xff\xff\xff", "truncated"),
        (JOBS_HEADER + b"\xc1", "malformed"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_a_frame_that_is_no_request_is_a_violation(frame: bytes, reason: str) -> None:
    with pytest.raises(ProtocolViolation, match=reason):
        REQUESTS.decode(frame)


@every_codec
def test_a_truncated_frame_is_a_violation_at_every_length(codec: AnyCodec) -> None:
    ours = [frame for frame in GOLDEN if is_understood(codec, frame)]
    assert ours
    for frame in ours:
        for length in range(len(frame)):
            with pytest.raises(ProtocolViolation):
                codec.decode(frame[:length])


def is_understood(codec: AnyCodec, frame: bytes) -> bool:
    try:
        codec.decode(frame)
    except PeerError:
        return False
    return True


def test_each_golden_frame_is_understood_in_one_direction_of_one_protocol() -> None:
    codecs = [codec for codec, _ in CODECS.values()]
    for frame in GOLDEN:
        assert sum(is_understood(codec, frame) for codec in codecs) == 1


@patiently
@given(
    frame=st.sampled_from(GOLDEN),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 7)), min_size=1, max_size=20),
)
def test_a_frame_with_bits_flipped_is_read_or_refused(
    frame: bytes, flips: list[tuple[int, int]]
) -> None:
    broken = bytearray(frame)
    for place, bit in flips:
        broken[place % len(broken)] ^= 1 << bit
    for codec, _ in CODECS.values():
        decodes_or_blames_the_peer(codec, bytes(broken))
    assert request_number(bytes(broken)) >= 0


@patiently
@given(header=st.sampled_from([b"", JOBS_HEADER, b"sti\x01\x00"]), noise=st.binary(max_size=200))
@example(header=JOBS_HEADER, noise=b"\xd6\xff\xff\xff\xff\xff")
def test_random_bytes_are_read_or_refused(header: bytes, noise: bytes) -> None:
    for codec, _ in CODECS.values():
        decodes_or_blames_the_peer(codec, header + noise)
    assert request_number(header + noise) >= 0


json_like: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | INTEGERS
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@patiently
@given(tag=st.integers(0, 120), rest=st.lists(json_like, max_size=6))
def test_well_formed_nonsense_is_read_or_refused(tag: int, rest: list[object]) -> None:
    for header in (JOBS_HEADER, b"sti\x01\x00"):
        frame = header + msgspec.msgpack.encode([tag, *rest])
        for codec, _ in CODECS.values():
            decodes_or_blames_the_peer(codec, frame)


# --- request numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "number"),
    [
        (GET, 5),
        (body([99, 5]), 5),
        (body([3, 5, 17]), 5),
        (body([3, 5, JOB, {"what": "is new"}]), 5),
        (b"stj\x02\x00" + msgspec.msgpack.encode([3, 7]), 7),
        (body([3, math.pi]), 0),
        (body([3, True]), 0),
        (body([3, -1]), 0),
        (body([3, 2**64 - 1]), 0),
        (body([3, "5"]), 0),
        (body([3]), 0),
        (body(()), 0),
        (body({3: 5}), 0),
        (body([{1: 2}, 5]), 0),
        (GET[:-1], 0),
        (GET + b"\x00", 0),
        (JOBS_HEADER + b"\x91" * 100_000, 0),
        (JOBS_HEADER + b"\xdd\xff\xff\xff\xff\x03\x05", 0),
        (b"stj", 0),
        (b"", 0),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_the_number_of_a_malformed_request_is_found_if_it_has_one(
    frame: bytes, number: int
) -> None:
    assert request_number(frame) == number
