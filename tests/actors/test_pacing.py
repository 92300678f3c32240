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
