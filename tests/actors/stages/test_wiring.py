"""What a job is made for and the station does not have is told at once, each thing once."""

from stationd.actors.stages.validate import check_spec, refusal
from stationd.actors.stages.wiring import (
    MOST_INSTRUCTIONS,
    circuit_differences,
    differences,
    sweep_differences,
)
from stationd.proto.job import JobSpec
from stationd.proto.program import (
    Axis,
    Capabilities,
    Circuits,
    Instruction,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    Qpu,
    Readout,
    Setting,
    Sweep,
)

OFFERS = {
    "source": Capabilities(settings=(Setting(name="delay"), Setting(name="power"))),
    "awg": Capabilities(settings=(Setting(name="phase"),)),
    "adc": Capabilities(readouts=(Readout(name="population"), Readout(name="trace"))),
    "new": None,
}
QPU = Qpu(qubits=("QB1", "QB2", "QB3"), couplings=(("QB1", "QB2"),))


def sweep(*settings: str, returns: tuple[str, ...] = ("adc.trace",)) -> Sweep:
    return Sweep(axes=tuple((Axis(name, (1.0,)),) for name in settings), returns=returns)


def missing(*settings: str, returns: tuple[str, ...] = ("adc.trace",)) -> list[str]:
    return [str(one) for one in sweep_differences(sweep(*settings, returns=returns), OFFERS)]


def native(*instructions: Instruction) -> NativeProgram:
    return NativeProgram(circuit=NativeCircuit(instructions=instructions, n_bits=1))


def lacking(*instructions: Instruction) -> list[str]:
    return [str(one) for one in circuit_differences([native(*instructions)], QPU)]


def test_a_job_for_the_wiring_that_there_is_lacks_nothing() -> None:
    assert missing("source.delay", "awg.phase") == []
    prx = Instruction("prx", ("QB1",), (0.5, 0.0))
    assert lacking(prx, Instruction("cz", ("QB2", "QB1")), Instruction("barrier", ("QB3",))) == []


def test_all_that_a_sweep_lacks_is_told_at_once_with_what_is_like_it() -> None:
    assert missing("sauce.power", "source.dealy", returns=("adc.popultion", "adc.trace")) == [
        "sauce.power: there is no controller 'sauce'; did you mean 'source'?",
        "source.dealy: there is no such setting; did you mean 'source.delay'?",
        "adc.popultion: there is no such readout; did you mean 'adc.population'?",
    ]


def test_what_has_moved_to_another_controller_is_found_there() -> None:
    assert missing("source.phase") == [
        "source.phase: there is no such setting; did you mean 'awg.phase'?"
    ]
    assert missing("generator.delay") == [
        "generator.delay: there is no controller 'generator'; did you mean 'source.delay'?"
    ]


def test_what_is_of_the_other_kind_is_told_so() -> None:
    assert missing("adc.trace", returns=("source.delay",)) == [
        "adc.trace: is a readout, which cannot be set",
        "source.delay: is a setting, which cannot be read",
    ]


def test_a_name_that_stands_in_many_places_is_missing_once() -> None:
    twice = Sweep(
        settings={"source.x": 1.0}, axes=((Axis("source.x", (1.0,)),),), returns=("adc.trace",)
    )
    assert len([*sweep_differences(twice, OFFERS)]) == 1


def test_of_a_controller_that_never_said_what_it_can_nothing_is_missing() -> None:
    assert missing("new.anything", returns=("new.whatever",)) == []


def test_only_so_many_names_are_compared_with_what_there_is() -> None:
    names = [f"source.dela{number}" for number in range(30)]
    found = missing(*names)
    assert len(found) == 30
    assert sum("did you mean" in one for one in found) == 20


def test_all_that_a_circuit_lacks_is_told_at_once_and_once() -> None:
    wanted = (
        Instruction("h", ("QB1",)),
        Instruction("cz", ("QB2", "QB3")),
        Instruction("cz", ("QB3", "QB2")),
        Instruction("cz", ("QB1", "QB9")),
        Instruction("prx", ("QB9",), (0.5, 0.0)),
    )
    operation, qubit, coupling = lacking(*wanted)
    assert operation.startswith("item 0: the QPU has no operation 'h': it has ")
    assert qubit.startswith("item 0: the QPU has no qubit 'QB9'; did you mean 'QB")
    assert coupling == (
        "item 0: the QPU has no coupling between 'QB2' and 'QB3': 'QB2' is coupled with 'QB1'"
    )


def test_a_very_long_circuit_is_left_to_a_worker() -> None:
    assert lacking(*[Instruction("h", ("QB1",))] * (MOST_INSTRUCTIONS + 1)) == []


def test_the_refusal_says_first_that_the_wiring_is_another() -> None:
    spec = JobSpec(work=sweep("source.dealy"))
    error = refusal(spec, check_spec(spec, OFFERS, {}), OFFERS, {})
    assert str(error).startswith("the job was made for other wiring: source.dealy: there is no")
    spec = JobSpec(work=sweep("source.delay", "source.delay"))
    error = refusal(spec, check_spec(spec, OFFERS, {}), OFFERS, {})
    assert str(error).startswith("the job cannot run: source.delay: is set by 2 entries")


def test_the_only_target_is_the_one_that_a_circuit_is_compared_with() -> None:
    program = native(Instruction("prx", ("QB9",), (0.5, 0.0)))
    spec = JobSpec(work=Circuits(programs=(program,), n_shots=(1,)))
    offers = {"rack": Capabilities(qpu=QPU)}
    assert len([*differences(spec, offers, {"qpu": "rack"})]) == 1
    assert [*differences(spec, {"rack": None}, {"qpu": "rack"})] == []
    nothing = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
    assert [*differences(nothing, offers, {"qpu": "rack"})] == []
