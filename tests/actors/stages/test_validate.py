"""Every rule for jobs of circuits, with what it says."""

from collections.abc import Mapping

import pytest

from stationd.actors.stages.validate import (
    MOST_CIRCUIT_BYTES,
    MOST_PROBLEMS,
    MOST_SOURCE_BYTES,
    check_spec,
    claims,
    needs_worker,
    resolve_target,
    silent_controllers,
)
from stationd.proto.job import JobSpec
from stationd.proto.program import (
    Axis,
    Capabilities,
    Circuits,
    Compile,
    JobWork,
    NullProgram,
    OpenQasm,
    Program,
    Qpu,
    Qpy,
    Sweep,
)

QPU = Capabilities(
    qpu=Qpu(qubits=("QB1",), couplings=(), most_shots=1000, most_circuits=3), null=True
)
PLAIN = Capabilities()
TARGETS = {"qpu": "box"}
SOURCE = OpenQasm(source="OPENQASM 3.0;")


def circuits(
    *programs: Program, n_shots: tuple[int, ...] | None = None, target: str = ""
) -> Circuits:
    shots = (1,) * len(programs) if n_shots is None else n_shots
    return Circuits(programs=programs, n_shots=shots, target=target)


def problems(
    work: JobWork,
    box: Capabilities | None = QPU,
    targets: Mapping[str, str] = TARGETS,
) -> list[str]:
    return [str(one) for one in check_spec(JobSpec(work=work), {"box": box}, targets)]


def test_a_sound_job_has_no_problems() -> None:
    assert problems(circuits(SOURCE, SOURCE)) == []
    assert problems(circuits(NullProgram(), NullProgram())) == []
    assert problems(Compile(programs=(SOURCE,))) == []


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (circuits(SOURCE, target="qpo"), "target: there is no target 'qpo'; did you mean 'qpu'?"),
        (circuits(SOURCE, target="xyz"), "target: there is no target 'xyz'; there is 'qpu'"),
        (
            circuits(SOURCE, SOURCE, n_shots=(1,)),
            (
                "n_shots: there are 2 programs and 1 numbers of shots: give one number for each"
                " program"
            ),
        ),
        (circuits(SOURCE, n_shots=(0,)), "item 0, n_shots: 0 shots: at least 1 is needed"),
        (
            circuits(SOURCE, n_shots=(1001,)),
            "item 0, n_shots: 1,001 shots, the target takes at most 1,000 per circuit",
        ),
        (
            circuits(SOURCE, SOURCE, SOURCE, SOURCE),
            "programs: the job has 4 programs, the target 'qpu' takes at most 3: split the job",
        ),
        (
            circuits(SOURCE, NullProgram()),
            (
                "programs: items 1 are null programs and the others are circuits: submit them as"
                " two jobs"
            ),
        ),
        (
            circuits(OpenQasm(source=" \n")),
            'item 0, source: the OpenQASM text is empty: it starts with "OPENQASM 3.0;"',
        ),
        (
            circuits(OpenQasm(source="x" * (MOST_SOURCE_BYTES + 1))),
            (
                "item 0: the OpenQASM text takes 1,048,577 bytes, at most 1,048,576 are read: split"
                " the circuit or define gates"
            ),
        ),
        (
            circuits(Qpy(data=bytes(MOST_CIRCUIT_BYTES + 1))),
            "item 0: the circuit takes 4,194,305 bytes, at most 4,194,304 are read: split it",
        ),
        (
            Compile(programs=(NullProgram(),)),
            "item 0: a null program has nothing to compile: give a circuit",
        ),
    ],
)
def test_each_rule_says_what_is_wrong(work: JobWork, said: str) -> None:
    assert problems(work) == [said]


def test_size_counts_bytes_and_not_characters() -> None:
    third = OpenQasm(source="\N{EURO SIGN}" * (MOST_SOURCE_BYTES // 3 + 1))
    assert "1,048,578 bytes" in problems(circuits(third))[0]


def test_a_target_must_be_able() -> None:
    assert problems(circuits(SOURCE), PLAIN) == [
        "target: the target 'qpu' is not a QPU and takes no circuits"
    ]
    assert problems(circuits(NullProgram()), PLAIN) == [
        "target: the target 'qpu' takes no null programs"
    ]


def test_a_controller_that_never_spoke_is_named() -> None:
    (said,) = problems(circuits(SOURCE), None)
    assert said.startswith("target: the controller 'box' has never connected to this station")
    job = JobSpec(work=circuits(SOURCE))
    assert silent_controllers(job, {"box": None}, TARGETS) == ("box",)
    assert silent_controllers(job, {"box": QPU}, TARGETS) == ()
    sweep = JobSpec(work=Sweep(returns=("box.x", "other.y")))
    assert silent_controllers(sweep, {"box": None}, TARGETS) == ("box",)


def test_several_targets_must_be_told_apart() -> None:
    assert problems(circuits(SOURCE), targets={"a": "box", "b": "box"}) == [
        "target: the station has several targets, name one: 'a' or 'b'"
    ]
    assert problems(circuits(SOURCE), targets={}) == [
        "target: the station has no targets: add [targets.NAME] to its configuration"
    ]


def test_all_problems_are_found_at_once() -> None:
    work = circuits(SOURCE, NullProgram(), OpenQasm(source=""), n_shots=(0, 1), target="no")
    assert len(problems(work)) == 5


def test_a_hundred_problems_are_listed_and_the_others_counted() -> None:
    found = problems(circuits(*[SOURCE] * 150, n_shots=(0,) * 150))
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == "and 51 more"


def test_all_bad_items_are_told_to_whoever_goes_on_without_them() -> None:
    spec = JobSpec(
        work=circuits(*[NullProgram()] * 150, n_shots=(0,) * 150), item_errors="continue"
    )
    offers: dict[str, Capabilities | None] = {"box": Capabilities(null=True)}
    found = check_spec(spec, offers, TARGETS)
    assert [one.item for one in found] == list(range(150))


def test_the_target_is_the_named_one_or_the_only_one() -> None:
    two = {"a": "x", "b": "y"}
    assert resolve_target(JobSpec(work=circuits(SOURCE)), TARGETS) == "qpu"
    assert resolve_target(JobSpec(work=circuits(SOURCE)), two) is None
    assert resolve_target(JobSpec(work=circuits(SOURCE, target="b")), two) == "b"
    assert resolve_target(JobSpec(work=circuits(SOURCE, target="c")), two) is None
    assert resolve_target(JobSpec(work=Sweep(returns=("box.x",))), TARGETS) is None


def test_claims_are_the_controllers_in_order() -> None:
    sweep = Sweep(axes=((Axis("z.delay", (1.0,)),),), returns=("a.x", "m.y"))
    assert claims(JobSpec(work=sweep), TARGETS) == ("a", "m", "z")
    assert claims(JobSpec(work=circuits(SOURCE)), TARGETS) == ("box",)
    assert claims(JobSpec(work=circuits(SOURCE, target="no")), TARGETS) == ()
    assert claims(JobSpec(work=Compile(programs=(SOURCE,))), TARGETS) == ()


def test_only_circuits_need_a_worker() -> None:
    assert needs_worker(JobSpec(work=circuits(SOURCE)))
    assert needs_worker(JobSpec(work=Compile(programs=(SOURCE,))))
    assert not needs_worker(JobSpec(work=circuits(NullProgram())))
    assert not needs_worker(JobSpec(work=Sweep(returns=("a.x",))))
