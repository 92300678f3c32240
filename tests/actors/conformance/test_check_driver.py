"""The kit finds what is broken, says so in words, and lets pass what ships with stationd."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stationd.actors.conformance.checks import NAMES
from stationd.actors.driver import Driver
from stationd.actors.drivers.null import Null
from stationd.actors.drivers.simulated_bench import SimulatedReadout, SimulatedSource
from stationd.actors.drivers.simulated_qpu import SimulatedQpu
from stationd.proto.program import Move, NullWork, SweepWork
from stationd.testing import Report, check_driver
from tests.actors.conformance.broken_drivers import (
    BROKEN,
    ClosesForEver,
    Deaf,
    HangsInPreparing,
    HangsWithIt,
    MadeForEver,
    Slow,
    Sound,
    Waiting,
)

HANGING = (MadeForEver, Deaf, HangsInPreparing, HangsWithIt, ClosesForEver)


def checked(driver: type[Driver], patience: float = 60.0) -> Report:
    silence = Sound.silence if issubclass(driver, Sound) else None
    abort_within = 0.1 if driver is Slow else 60.0
    return check_driver(driver, silence=silence, patience=patience, abort_within=abort_within)


def is_found(driver: type[Driver], report: Report) -> None:
    """Fail unless a report says first what a driver breaks, and has all checks in order."""
    check, says = BROKEN[driver]
    first = report.broken[0]
    assert (first.check, says in first.says) == (check, True), report
    assert [one.check for one in report.findings] == list(NAMES)
    assert not report.conforms
    with pytest.raises(AssertionError, match="BROKEN"):
        report.assert_conforms()


@pytest.mark.parametrize(
    "driver", [one for one in BROKEN if one not in HANGING], ids=lambda driver: driver.__name__
)
def test_what_is_broken_is_found_and_said(driver: type[Driver]) -> None:
    is_found(driver, checked(driver))


def test_a_driver_that_does_not_come_up_is_found() -> None:
    is_found(MadeForEver, checked(MadeForEver, patience=0.0))


# Whoever is busy must not be taken for one that hangs, so these take their time.
@pytest.mark.campaign
@pytest.mark.parametrize("driver", HANGING, ids=lambda driver: driver.__name__)
def test_what_hangs_is_found_and_said(driver: type[Driver]) -> None:
    is_found(driver, checked(driver, patience=5.0))


@pytest.mark.parametrize("driver", [Sound, Waiting])
def test_what_is_sound_passes(driver: type[Driver]) -> None:
    report = checked(driver)
    report.assert_conforms()
    assert [one.check for one in report.findings] == list(NAMES)


def test_the_drivers_that_ship_break_nothing(tmp_path: Path) -> None:
    cable = str(tmp_path / "cable")
    SimulatedSource(cable=cable).close()
    drivers: list[Callable[[], Driver]] = [
        Null,
        lambda: SimulatedSource(cable=cable),
        lambda: SimulatedReadout(cable=cable),
    ]
    for make in drivers:
        report = check_driver(make, beyond_limits=True, patience=60.0, abort_within=60.0)
        report.assert_conforms()
        by_name = {one.check: one.verdict for one in report.findings}
        assert by_name["abort"] == "kept", report


@pytest.mark.campaign
def test_the_simulated_qpu_breaks_nothing() -> None:
    check_driver(SimulatedQpu, patience=60.0, abort_within=60.0).assert_conforms()


def test_work_can_be_given() -> None:
    sweep = SweepWork(shape=(2,), moves=(Move("x", 0, (0.0, 0.5)),), returns=("y",))
    for work in (sweep, [sweep, sweep]):
        check_driver(Sound, work=work, patience=60.0).assert_conforms()
    wrong = SweepWork(settings=(("z", 1.0),))
    assert "no setting 'z'" in check_driver(Sound, work=wrong, patience=60.0).broken[0].says
    short = check_driver(Waiting, long_work=NullWork(), patience=60.0)
    assert {one.check: one.says for one in short.findings}["abort"].endswith("give long_work")


def test_a_value_beyond_its_limit_is_tried_on_request_alone() -> None:
    verdicts = {
        wanted: {
            one.check: one.verdict
            for one in check_driver(Sound, beyond_limits=wanted, patience=60.0).findings
        }
        for wanted in (False, True)
    }
    assert (verdicts[False]["limits"], verdicts[True]["limits"]) == ("left out", "advice")
