"""What a call asks for becomes a job, or a sentence about the argument that does not fit."""

from pathlib import Path

import pytest

from stationd.actors.untyped import load
from stationd.client.submission import arguments
from stationd.client.submission.arguments import checked, circuits, listed, program, work_of
from stationd.proto.error import InvalidJob
from stationd.proto.job import JobSpec
from stationd.proto.program import (
    Axis,
    Circuits,
    Compile,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    OpenQasm,
    Program,
    Qpy,
    Sweep,
)

BELL = "OPENQASM 3.0;\nqubit q;\n"


def made(
    *programs: Program,
    n_shots: int | list[int] | None = None,
    compile_only: bool = False,
) -> Circuits | Compile:
    return circuits(
        programs,
        n_shots=n_shots,
        compile_only=compile_only,
        target="qpu",
        optimisation_level=1,
        seed=7,
    )


def test_one_number_of_shots_is_for_all() -> None:
    work = made(OpenQasm(source=BELL), OpenQasm(source=BELL), n_shots=5)
    assert isinstance(work, Circuits)
    assert (work.n_shots, work.target, work.optimisation_level, work.seed) == ((5, 5), "qpu", 1, 7)


def test_null_programs_need_no_shots() -> None:
    work = made(NullProgram())
    assert isinstance(work, Circuits)
    assert work.n_shots == (1,)


def test_compiling_only_takes_no_shots() -> None:
    assert isinstance(made(OpenQasm(source=BELL), compile_only=True), Compile)
    with pytest.raises(InvalidJob, match="n_shots: nothing is executed"):
        made(OpenQasm(source=BELL), n_shots=3, compile_only=True)


@pytest.mark.parametrize("n_shots", [None, [1, 2], 0, [-1]])
def test_shots_that_do_not_fit_are_named(n_shots: int | list[int] | None) -> None:
    with pytest.raises(InvalidJob) as caught:
        made(OpenQasm(source=BELL), n_shots=n_shots)
    assert [problem.field for problem in caught.value.problems] == ["n_shots"]


def test_a_job_without_programs_is_refused() -> None:
    with pytest.raises(InvalidJob, match="1 to 1000 programs, not 0"):
        made()


def test_text_and_paths_are_single_programs() -> None:
    assert listed(BELL) == [BELL]
    assert listed(Path("a.qasm")) == [Path("a.qasm")]
    assert listed([BELL, Path("a.qasm")]) == [BELL, Path("a.qasm")]


def test_a_name_of_a_file_is_not_taken_for_a_program() -> None:
    with pytest.raises(InvalidJob, match=r"pass pathlib.Path\('bell.qasm'\)"):
        program("bell.qasm")
    with pytest.raises(InvalidJob, match="not int"):
        program(3)


def test_exactly_one_thing_is_submitted() -> None:
    sweep = Sweep(returns=("readout.population",))
    assert work_of(None, sweep, programs=False) is sweep
    assert work_of(None, None, programs=True) is None
    with pytest.raises(InvalidJob, match="nothing was given"):
        work_of(None, None, programs=False)
    with pytest.raises(InvalidJob, match="programs and sweep was given"):
        work_of(None, sweep, programs=True)


OUT_OF_BOUNDS = [
    JobSpec(work=made(NullProgram()), priority=1001),
    JobSpec(work=made(NullProgram()), name="x" * 201),
    JobSpec(work=made(NullProgram(duration=-1.0))),
    JobSpec(work=Sweep(returns=("",))),
    JobSpec(work=Sweep(returns=("r.p",), axes=((Axis("", (1,)),),))),
    JobSpec(work=made(NullProgram()), item_errors="maybe"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("spec", OUT_OF_BOUNDS)
def test_what_the_station_would_refuse_is_refused_before(spec: JobSpec) -> None:
    with pytest.raises(InvalidJob, match="the job cannot be sent"):
        checked(spec)


def test_what_fits_is_unchanged() -> None:
    spec = JobSpec(work=made(NullProgram()), name="fine")
    assert checked(spec) == spec
    assert arguments.wrong("name", "why").problems[0].field == "name"


def test_circuits_of_qiskit_and_native_ones_are_programs() -> None:
    native = NativeCircuit(instructions=(), n_bits=0, name="n")
    assert program(native) == NativeProgram(circuit=native, name="n")
    made = program(load("qiskit").QuantumCircuit(1, name="q"))
    assert isinstance(made, Qpy)
    assert made.name == "q"
    assert program(made) is made


@pytest.mark.parametrize(
    ("work", "sweep", "what"),
    [
        (Path("bell.qasm"), None, "give Circuits, Compile or Sweep, not .* PosixPath"),
        (BELL, None, "are for programs, as in programs="),
        (None, {"axes": []}, "sweep: give a Sweep, not an object of type dict"),
    ],
)
def test_what_is_given_in_the_wrong_place_is_answered_with_the_right_one(
    work: object, sweep: object, what: str
) -> None:
    with pytest.raises(InvalidJob, match=what):
        work_of(work, sweep, programs=False)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
