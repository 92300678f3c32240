"""Whatever the text is, problems come out, and nothing else."""

import sys

import pytest

from stationd.actors.stages import openqasm
from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.circuits import check_programs, parsed_circuit
from stationd.actors.stages.requests import CheckRequest
from stationd.proto.program import OpenQasm, Qpu

QPU = Qpu(qubits=("QB1", "QB2", "QB3"), couplings=(("QB1", "QB2"), ("QB2", "QB3")))
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = THREE + "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
BELL_2 = TWO + "qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"


def said(*sources: str, measured: bool = True) -> list[str]:
    programs = tuple((item, OpenQasm(source=source)) for item, source in enumerate(sources))
    return [
        str(one)
        for one in check_programs(CheckRequest(programs=programs, qpu=QPU, measured=measured))
    ]


def test_both_versions_are_read() -> None:
    assert said(BELL, BELL_2, "// first a comment\n" + BELL) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (THREE + "qubit[2] q;\nfoo q[0];", "line 4: gate 'foo' is not defined."),
        (TWO + "qreg q[2];\nfoo q[0];", "line 4: 'foo' is not defined in this scope"),
        (THREE + "qubit[2] q;\nh r[0];", "line 4: Undefined symbol 'r'."),
        (THREE + "qubit[2] q;\nh q[5];", "line 4: index out of range"),
        (TWO + "qreg q[2];\nh q[7];", "line 4: index 7 is out-of-range for register 'q' of size 2"),
        (THREE + "qubit[2] q;\ncx q[0], q[0];", "line 4: duplicate bit arguments"),
        (THREE + "qubit[2] q\nh q;", "line 4: syntax error at 'h'"),
        (TWO + "qreg q[2]\nh q[0];", "line 4: needed ';', but instead saw an identifier"),
        (THREE + "qubit q;\nrx(1/0) q;", "line 4: integer division or modulo by zero"),
        (TWO + "qreg q[1];\nrx(1/0) q[0];", "line 4"),
        (THREE + "qubit[2] q; int i = 1;\nh q[i];", "line 3: declarations of type 'int'"),
        (THREE + "gate g a { g a; }\nqubit q; g q;", "line 3: gate 'g' is not defined."),
        (THREE + "qubit[10000] q;", "the circuit needs 10,000 qubits, the QPU has 3: use fewer"),
        (TWO + "qreg q[10000];", "the circuit needs 10,000 qubits, the QPU has 3: use fewer"),
        (
            THREE + "qubit q;\nif (true) { x q; }",
            "line 4: control flow is not supported: the QPU cannot act on",
        ),
        (TWO + "qreg q[1]; creg c[1];\nif(c==1) x q[0];", "line 4: control flow is not supported"),
        (THREE + "qubit q; rx(" + "-" * 3000 + "1) q;", "an expression is nested too deeply"),
        (THREE + "qubit q; h q; \ud800", "line 3: token recognition error"),
        (TWO + "qreg q[1]; \ud800", "'utf-8' codec can't encode"),
        (THREE + "garbage " * 2_000, "line 3: syntax error at 'garbage'"),
        (THREE + "garbage " * 130_000, "line 3: a statement has at most 16,384 characters"),
        ("\x00" * 1_000_000, "line 1: this is not OpenQASM"),
        (BELL_2 + "\nrx(1e400) q[0];", "an angle is infinite or not a number"),
        (THREE + "qubit q; h q;", "nothing is measured, so there is nothing to count"),
    ],
)
def test_each_bad_text_is_refused_with_its_place(source: str, expected: str) -> None:
    (found,) = said(source)
    assert found.startswith("item 0")
    assert expected in found.removeprefix("item 0, ").removeprefix("item 0: ")


def test_a_circuit_to_compile_need_not_measure() -> None:
    assert said(THREE + "qubit q; h q;", measured=False) == []


def test_problems_name_their_items() -> None:
    found = said(BELL, "hello", BELL_2, "")
    assert [one[:6] for one in found] == ["item 1", "item 3"]


def test_every_bad_program_is_named_however_many_there_are() -> None:
    bad = THREE + "qubit q;\nreset q;\nreset q;\n"
    assert len(said(bad)) == 2
    assert [one.split(",")[0] for one in said(*[bad] * 120)] == [f"item {n}" for n in range(120)]


def test_a_parser_that_panics_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """As the parsers in Rust raise it: not an `Exception`."""

    def panic(source: str) -> None:
        raise Panic("called `Option::unwrap()` on a `None` value")

    monkeypatch.setattr(openqasm, "_parse_3", panic)
    assert "unwrap" in said(BELL + "// not remembered")[0]


def test_what_the_parsers_print_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    said(THREE + "qubit q; 'x")
    assert capfd.readouterr().err == ""


def test_the_circuit_of_a_short_text_is_remembered() -> None:
    short = OpenQasm(source=BELL)
    assert parsed_circuit(short, QPU) is parsed_circuit(short, QPU)
    long = OpenQasm(source=BELL + " " * 70_000)
    assert parsed_circuit(long, QPU) is not parsed_circuit(long, QPU)


def test_a_bad_program_carries_its_problems() -> None:
    with pytest.raises(BadProgram, match="needs 2 qubits") as raised:
        parsed_circuit(OpenQasm(source=BELL), Qpu(qubits=("QB1",), couplings=()))
    assert len(raised.value.problems) == 1


def test_messages_are_valid_text() -> None:
    for problem in said(THREE + "qubit q; \ud800", TWO + "\ud800"):
        problem.encode()


def test_importing_the_stages_does_not_load_qiskit() -> None:
    # Not in this process, where other tests have loaded it.
    import subprocess  # noqa: PLC0415

    script = (
        "import sys, stationd.actors.stages.openqasm, stationd.actors.stages.compile,"
        " stationd.actors.stages.post_process, stationd.actors.drivers.simulated_qpu;"
        " print({'qiskit', 'stim', 'qiskit_aer'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "set()\n"
