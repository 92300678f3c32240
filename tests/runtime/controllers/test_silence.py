"""Controllers at work that give no sign: ended after a while, and not a moment too soon."""

import anyio
import pytest

from stationd.actors.ladder import DeadlinePassed
from stationd.proto.error import ErrorCode
from stationd.runtime.controllers.silence import Silence
from tests.runtime.bench import job_id
from tests.runtime.held_timers import HeldTimers

pytestmark = pytest.mark.anyio

JOB = job_id(1)
KEY = ("silence", JOB, "a")


async def test_a_controller_without_a_bound_may_be_silent_for_ever() -> None:
    timers = HeldTimers()
    silence = Silence(timers, {"a": 0.0})
    silence.began(JOB, ["a", "b"], lambda _: None)
    silence.sign(JOB, "a")
    assert not timers.held


async def test_silence_ends_the_job_and_names_the_controller() -> None:
    timers = HeldTimers()
    silence = Silence(timers, {"a": 1e-6})
    passed: list[DeadlinePassed] = []
    silence.began(JOB, ["a"], passed.append)
    while not passed:
        await anyio.sleep(1e-4)  # time itself is what is waited for
        timers.come(KEY)
    [event] = passed
    assert event.error.code is ErrorCode.CONTROLLER_SILENT
    assert "'a'" in event.error.detail
    assert not timers.held


async def test_a_sign_gives_the_whole_time_again() -> None:
    timers = HeldTimers()
    silence = Silence(timers, {"a": 1000.0})
    passed: list[DeadlinePassed] = []
    silence.began(JOB, ["a"], passed.append)
    # A loop's clock may count in whole milliseconds.
    await anyio.sleep(5e-3)
    timers.come(KEY)
    left, _ = timers.held[KEY]
    assert left < 1000.0
    signed = anyio.current_time()
    silence.sign(JOB, "a")
    timers.come(KEY)
    again, _ = timers.held[KEY]
    # However long this has taken, and whatever is lost in adding and subtracting.
    assert again + anyio.current_time() > signed + 1000.0 - 1e-3
    assert not passed


async def test_whoever_waits_for_others_is_not_silent() -> None:
    timers = HeldTimers()
    silence = Silence(timers, {"a": 1e-6})
    passed: list[DeadlinePassed] = []
    awaited: set[str] = set()
    silence.began(JOB, ["a"], passed.append, awaited.__contains__)
    for _ in range(3):
        await anyio.sleep(1e-3)  # much longer than it may be silent
        timers.come(KEY)
    assert not passed
    awaited.add("a")
    while not passed:
        await anyio.sleep(1e-4)  # time itself is what is waited for
        timers.come(KEY)


async def test_nobody_is_listened_for_when_the_job_has_ended() -> None:
    timers = HeldTimers()
    silence = Silence(timers, {"a": 1.0, "b": 1.0})
    silence.began(JOB, ["a", "b"], lambda _: None)
    silence.ended(JOB, ["a", "b"])
    assert not timers.held
    silence.sign(JOB, "a")  # a late one
    assert not timers.held
