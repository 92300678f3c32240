"""Calibration sets come in, are shown, and are chosen."""

# pyright: reportPrivateUsage=false

import msgspec
import pytest
from anyio.lowlevel import checkpoint

from stationd.proto.calibration import Observation
from stationd.proto.codec import REPLIES
from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import (
    Calibration,
    Calibrations,
    Failure,
    GetCalibration,
    ImportCalibration,
    ListCalibrations,
    Reply,
    Request,
    UseCalibration,
)
from tests.runtime.bench import NOW, Bench, Peer, a_bench, client_of

pytestmark = pytest.mark.anyio

FIRST, SECOND = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2))
SEEN = (Observation(path="QB1.t1", value=2e-5),)


async def asked(bench: Bench, request: Request) -> Reply:
    """Ask, and commit until there is an answer."""
    with client_of(bench).socket as socket:
        await Peer(socket).say(request)
        while (found := socket.receive_nowait()) is None:
            bench.journal.commit()
            await checkpoint()
        return REPLIES.decode(found[0])


async def test_the_first_set_of_a_target_becomes_its_default() -> None:
    async with a_bench() as bench:
        first = await asked(bench, ImportCalibration(1, FIRST, "a", SEEN, "one"))
        assert isinstance(first, Calibration)
        assert first.default
        assert first.set.observations == SEEN
        second = await asked(bench, ImportCalibration(2, SECOND, "a", SEEN))
        assert isinstance(second, Calibration)
        assert not second.default
        chosen = await asked(bench, UseCalibration(3, SECOND))
        assert isinstance(chosen, Calibration)
        assert chosen.default
        shown = await asked(bench, GetCalibration(4, FIRST))
        assert isinstance(shown, Calibration)
        assert not shown.default
        listed = await asked(bench, ListCalibrations(5, "a"))
        assert isinstance(listed, Calibrations)
        assert {one.id: one.default for one in listed.sets} == {FIRST: False, SECOND: True}


async def test_a_set_that_comes_twice_is_stored_once_and_another_under_its_id_is_refused() -> None:
    async with a_bench() as bench:
        for _ in range(2):
            stored = await asked(bench, ImportCalibration(1, FIRST, "a", SEEN))
            assert isinstance(stored, Calibration)
        other = await asked(bench, ImportCalibration(2, FIRST, "b", SEEN, use=True))
        assert isinstance(other, Failure)
        assert other.error.code is ErrorCode.CONFLICT
        assert await bench.journal.default_calibration("b") is None


async def test_a_set_says_until_when_it_is_fresh_or_the_configuration_does() -> None:
    async with a_bench() as bench:
        expiries: list[float | None] = []
        for number, asked_for in enumerate(
            (
                {"expires_unix_s": NOW + 5},
                {"valid_for": 10.0},
                {"expires_unix_s": NOW + 5, "valid_for": 10.0},
                {},
            )
        ):
            bench.api.parts.calibrations.valid_for = 60.0 * (number == 3)
            id_ = f"00000000-0000-0000-0000-00000000001{number}"
            request = msgspec.structs.replace(ImportCalibration(1, id_, "a", SEEN), **asked_for)
            stored = await asked(bench, request)
            assert isinstance(stored, Calibration)
            expiries.append(stored.set.expires_unix_s)
        assert expiries == [NOW + 5, NOW + 10, NOW + 5, NOW + 60]
        listed = await asked(bench, ListCalibrations(5, "a"))
        assert isinstance(listed, Calibrations)
        assert sorted(one.expires_unix_s or 0.0 for one in listed.sets) == sorted(
            expiry or 0.0 for expiry in expiries
        )
        never = await asked(bench, ImportCalibration(1, FIRST, "a", SEEN))
        assert isinstance(never, Calibration)
        assert never.set.expires_unix_s == NOW + 60


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        (ImportCalibration(1, "no uuid", "a", SEEN), ErrorCode.INVALID_REQUEST, "UUID"),
        (ImportCalibration(1, FIRST, "z", SEEN), ErrorCode.INVALID_REQUEST, "known are a, b"),
        (GetCalibration(1, FIRST), ErrorCode.UNKNOWN_CALIBRATION_SET, FIRST),
        (UseCalibration(1, FIRST), ErrorCode.UNKNOWN_CALIBRATION_SET, FIRST),
    ],
)
async def test_what_cannot_be_done_is_refused(
    request_: Request, code: ErrorCode, words: str
) -> None:
    async with a_bench() as bench:
        failure = await asked(bench, request_)
        assert isinstance(failure, Failure)
        assert failure.error.code is code
        assert words in failure.error.detail


async def test_of_choices_that_come_together_memory_keeps_the_one_that_the_journal_keeps() -> None:
    async with a_bench() as bench:
        for number, one in enumerate((FIRST, SECOND), start=1):
            await asked(bench, ImportCalibration(number, one, "a", SEEN))
        # On trio it is chance which of two tasks goes on first when both may.
        for _ in range(20):
            with client_of(bench).socket as socket:
                await Peer(socket).say(UseCalibration(1, FIRST), UseCalibration(2, SECOND))
                for _ in range(2):
                    while socket.receive_nowait() is None:
                        bench.journal.commit()
                        for _ in range(5):
                            await checkpoint()
            kept = await bench.journal.default_calibration("a")
            assert bench.api.parts.calibrations._defaults.default("a") == kept
