"""What is read quickly is the circuit that the importer makes; everything else is left to it."""

from random import Random
from typing import Any

import pytest

from stationd.actors.stages.openqasm_plain import read_plain
from stationd.actors.untyped import load

THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
DECLARED = THREE + "qubit[2] q; qubit[2] r; qubit[3] w; qubit a; bit[2] c; bit b; bit[3] d;\n"


def imported(source: str) -> Any:  # noqa: ANN401 - has no type information
    """Return the importer's circuit, or None if it refuses the text."""
    try:
        return load("qiskit.qasm3").loads(source)
    except Exception:  # noqa: BLE001 - refused, however
        return None


@pytest.mark.parametrize(
    "statements",
    [
        "x q[0]; y q[1]; z a; h q[0]; s a; sdg a; t a; tdg a; sx a;",
        "rx(0.1) a; ry(-pi/2) a; rz(3*pi/4) a; p(2) a; phase(.5) a; u1(1e-3) a; u2(pi, -pi) a;",
        "u3(1., 2.5e+1, pi/3.0) a; U(0, 0.5, -0.25*pi) a; rx( - pi ) a;",
        "cx q[0], q[1]; CX a, q[0]; cy q[0], a; cz a, r[1]; ch a, q[1]; swap q[0], r[0];",
        "cp(0.1) q[0], a; cphase(0.2) a, q[1]; crx(1) q[0], a; cry(1) q[0], a; crz(1) q[0], a;",
        "cu(0.1, 0.2, 0.3, 0.4) q[0], a; ccx q[0], q[1], a; cswap a, q[0], r[1];",
        "h q; cx q, r; rx(pi) w; cz r, q;",
        "c = measure q; b = measure a; c[1] = measure q[0]; d = measure w; d[2]=measure a;",
        "reset q; reset a; reset q[1]; barrier q, a, r[0]; barrier q;",
        "// a comment\nx /* in the\nmiddle */ q[0];\t\n\n  cx\nq [ 0 ] ,\n q[ 1 ] ;",
        "",
    ],
)
def test_plain_text_is_read_as_the_importer_reads_it(statements: str) -> None:
    made = read_plain(DECLARED + statements)
    assert made is not None
    assert made == imported(DECLARED + statements)


@pytest.mark.parametrize(
    "statements",
    [
        "ctrl @ x q[0], q[1];",
        "rx(1/2) a;",
        "rx(sin(0.5)) a;",
        "rx(2*(pi)) a;",
        "rx(1e999) a;",
        "id a;",
        "rzz(0.1) q[0], q[1];",
        "x q[7];",
        "x z;",
        "rx a;",
        "rx(1, 2) a;",
        "x(1) a;",
        "cx a;",
        "cx a, a;",
        "cx q, w;",
        "cx a, q;",
        "ccx q, r, r;",
        "measure q;",
        "c = measure w;",
        "reset q, r;",
        "reset(1) q;",
        "qubit[2] q;",
        "bit[2] gate;",
        "qubit x;",
        "qubit e, f;",
        "delay[10ns] a;",
        "let z = q[0:1];",
        "gate g p { x p; } g a;",
        "input float theta; rx(theta) a;",
        "if (b) { x a; }",
        "x a",
        "garbage",
        "x a; /* without an end",
    ],
)
def test_everything_else_is_left_to_the_importer(statements: str) -> None:
    assert read_plain(DECLARED + statements) is None


@pytest.mark.parametrize(
    "source",
    [
        "",
        "OPENQASM 3.0;\nqubit q; U(0, 0, 0) q;",
        'OPENQASM 2.0;\ninclude "qelib1.inc";',
        "x" * 999,
    ],
)
def test_a_text_with_another_head_is_left_to_the_importer(source: str) -> None:
    assert read_plain(source) is None


def test_whatever_is_read_is_what_the_importer_reads() -> None:
    random = Random(11)
    gates = ["x", "h", "cx", "swap", "ccx", "rx(pi/2)", "u3(1,2,3)", "cp(-0.5)", "barrier", "reset"]
    places = ["q", "r", "w", "a", "q[0]", "q[1]", "r[0]", "w[2]", "w[3]", "c", "zz"]
    read = 0
    for _ in range(60):
        count = random.randint(1, 3)
        operands = ", ".join(random.choices(places, k=count))
        text = f"{DECLARED}{random.choice(gates)} {operands};"
        made = read_plain(text)
        read += made is not None
        assert made is None or made == imported(text), text
    assert read > 5
