"""The first look finds versions, sizes and what is not supported, by line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationd.actors.stages.native_operations import MOST_BITS
from stationd.actors.stages.openqasm_source import (
    LONGEST_STATEMENT,
    MOST_ALIASES,
    MOST_CONTROLS,
    MOST_OPERATIONS,
    scan,
)
from stationd.proto.program import Qpu

BARE = Qpu(qubits=("QB1", "QB2"), couplings=(("QB1", "QB2"),), mid_circuit_measurement=False)
QPU = Qpu(qubits=BARE.qubits, couplings=BARE.couplings, reset=True, delay=True)
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def said(source: str) -> list[str]:
    return [str(problem) for problem in scan(source, QPU).problems]


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("OPENQASM 3.0;", 3),
        ("OPENQASM 3;", 3),
        ("OPENQASM 2.0;", 2),
        ("// comment\n/* OPENQASM 2.0; */\n\n OPENQASM 3.1 ;", 3),
    ],
)
def test_the_first_statement_tells_the_version(source: str, version: int) -> None:
    assert scan(source, QPU).version == version
    assert said(source) == []


def test_a_text_without_version_is_told_what_to_write() -> None:
    (problem,) = said("\n\nqubit q;")
    assert problem.startswith("line 3: this is not OpenQASM: the first statement must be")
    assert said("OPENQASM three;") == ['line 1: the version is malformed: write "OPENQASM 3.0;"']
    assert said("\nOPENQASM 4;") == ["line 2: OpenQASM 4 is not known here: write version 2 or 3"]


def test_registers_add_up() -> None:
    assert scan(THREE + "qubit[2] q; qubit a; qubit[0x3] b; qubit[1_0] c;", QPU).qubits == 16
    assert scan(TWO + "qreg q[2]; qreg r[3];", QPU).qubits == 5
    assert scan(THREE + "h $7; cx $2, $3;", QPU).qubits == 8


def test_comments_declare_nothing() -> None:
    assert scan(THREE + "// qubit[9] q;\n/* qubit[9] r;\n */ qubit[1] s;", QPU).qubits == 1


@pytest.mark.parametrize(
    "word",
    [
        "if",
        "while",
        "for",
        "switch",
        "def",
        "return",
        "extern",
        "reset",
        "delay",
        "box",
        "stretch",
        "defcal",
        "cal",
        "input",
        "output",
        "pragma",
        "#pragma",
        "opaque",
        "end",
    ],
)
def test_what_a_qpu_cannot_do_is_refused_by_line(word: str) -> None:
    (problem,) = scan(f"{THREE}qubit q;\n\n{word} x;", BARE).problems
    assert problem.line == 5


def test_names_that_begin_like_keywords_are_fine() -> None:
    assert said(THREE + "qubit iffy; bit[1] endless; gate resetter a { x a; } resetter iffy;") == []


def test_only_the_standard_library_is_included() -> None:
    assert said(THREE + '\ninclude "/etc/passwd";') == [
        'line 4: OpenQASM 3 can only include "stdgates.inc" here'
    ]
    assert said('OPENQASM 2.0;\ninclude "stdgates.inc";') == [
        'line 2: OpenQASM 2 can only include "qelib1.inc" here'
    ]


def test_sizes_are_plain_numbers() -> None:
    assert said(THREE + "const int n = 3;\nqubit[n] q;") == [
        "line 4: the size of a qubit register must be written as a number"
    ]


def test_too_many_bits_are_refused() -> None:
    (problem,) = said(THREE + f"bit[{MOST_BITS}] a; bit b;")
    assert problem == "the circuit declares 1,025 bits, at most 1024 are taken"


def test_long_integers_and_deep_brackets_are_refused() -> None:
    assert said(TWO + "qreg q[99999999999999999999];") == [
        "line 3: an integer of more than 15 digits is out of range"
    ]
    assert said(THREE + "rx(" + "(" * 70 + ")" * 70 + ") q;") == [
        "line 3: brackets are nested more than 64 deep"
    ]
    assert said(THREE + "rx(3.14159265358979323846) q;") == []


def test_gates_that_unfold_without_end_are_refused() -> None:
    gates = "gate g0 a { x a; x a; }\n" + "".join(
        f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}\n" for n in range(1, 40)
    )
    expected = [
        (
            f"the circuit unfolds into more than {MOST_OPERATIONS:,} operations: split it into"
            " several circuits"
        )
    ]
    assert said(THREE + gates + "qubit q; g39 q;") == expected
    assert said(THREE + gates + "qubit q; g9 q;") == []
    assert said(THREE + "qubit q; pow(1000000000) @ x q;") == expected
    assert said(THREE + "qubit q; pow(1000) @ pow(-1000) @ x q;") == expected


def test_a_power_is_a_plain_number() -> None:
    assert said(THREE + "qubit q; pow(n) @ x q;") == [
        "line 3: the power of a gate must be written as a number"
    ]


def test_problems_are_few() -> None:
    assert len(said(THREE + "if (true) { }\n" * 1000)) == 20


@given(st.text(), st.sampled_from(["", THREE, TWO]))
@settings(deadline=None)
def test_any_text_can_be_looked_at(text: str, start: str) -> None:
    scan(start + text, QPU)


def test_a_statement_is_not_so_long_that_a_parser_is_at_it_for_minutes() -> None:
    (problem,) = scan(f"OPENQASM 3.0;\nrx({'1+' * LONGEST_STATEMENT}1) q;", QPU).problems
    assert problem.line == 2
    assert "at most 16,384 characters" in problem.message
    assert not scan(f"OPENQASM 3.0;\nbarrier {'q[0], ' * 1000}q[1];", QPU).problems


@pytest.mark.parametrize("number", ["1000000000", str(MOST_CONTROLS + 1), "n"])
def test_a_modifier_adds_a_bounded_number_of_controls(number: str) -> None:
    (problem,) = scan(f"OPENQASM 3.0;\nctrl({number}) @ x q;", QPU).problems
    assert "at most 64 controls" in problem.message
    assert not scan(f"OPENQASM 3.0;\nctrl({MOST_CONTROLS}) @ negctrl @ x q;", QPU).problems


def test_there_is_a_bounded_number_of_aliases() -> None:
    aliases = [f"let a{number} = q;" for number in range(MOST_ALIASES)]
    assert not scan("\n".join(["OPENQASM 3.0;", *aliases]), QPU).problems
    (problem,) = scan("\n".join(["OPENQASM 3.0;", *aliases, "let b = q;"]), QPU).problems
    assert "1,001 aliases" in problem.message
