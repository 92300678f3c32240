from msgspec.structs import replace

from stationd.actors.pacing import Pacing
from stationd.proto.program import Move, SweepWork

SETS = SweepWork(shape=(2,), moves=(Move("x", 0, (0.0, 1.0)),), paced=True)
READS = SweepWork(shape=(2,), returns=("y",), paced=True)


def test_whoever_is_the_last_to_be_waited_for_and_ends_lets_the_others_go_on() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    assert pacing.begin() == ["source"]
    assert pacing.reached("source", 0, "set") == ["meter"]
    assert pacing.reached("meter", 0, "read") == ["source"]
    # That it has reached the last spot was lost, that it has ended was not.
    assert pacing.leave("source") == ["meter"]
    assert (pacing.spot, pacing.phase) == (1, "read")


def test_whoever_ends_while_another_is_waited_for_changes_nothing() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    pacing.begin()
    pacing.reached("source", 0, "set")
    assert pacing.leave("source") == []
    assert pacing.awaits("meter")


def test_whoever_had_ended_before_a_restart_is_called_no_more() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    pacing.resume({"meter.y": [(0, 1)]})
    assert pacing.leave("source") == []
    assert pacing.begin() == ["meter"]
    assert (pacing.spot, pacing.phase) == (1, "read")


def test_nobody_reads_before_everybody_has_applied_the_settings() -> None:
    slow = SweepWork(settings=(("power", 1.0),), shape=(2,), returns=("z",), paced=True)
    pacing = Pacing({"source": SETS, "slow": slow, "meter": READS})
    assert pacing.begin() == ["source", "slow"]
    assert pacing.reached("source", 0, "set") == []
    assert pacing.reached("slow", 0, "set") == ["slow", "meter"]
    pacing.reached("slow", 0, "read")
    # Once is enough.
    assert pacing.reached("meter", 0, "read") == ["source"]


def test_settings_are_applied_again_by_an_attempt_that_goes_on() -> None:
    works = {
        "source": replace(SETS, first=1),
        "meter": replace(READS, first=1, settings=(("power", 1.0),)),
    }
    pacing = Pacing(works)
    assert pacing.begin() == ["source", "meter"]
    assert (pacing.spot, pacing.phase) == (1, "set")
