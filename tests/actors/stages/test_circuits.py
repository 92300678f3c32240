"""Programs of all forms are checked alike, for what the QPU can do."""

from typing import Any

import pytest
from msgspec.structs import replace

from stationd.actors.stages.circuits import check_programs, parsed_circuit
from stationd.actors.stages.compile import compile_circuits
from stationd.actors.stages.requests import CheckRequest, CompileRequest
from stationd.actors.untyped import load
from stationd.client.files.qiskit import qpy_program
from stationd.proto.program import (
    CircuitProgram,
    Instruction,
    NativeCircuit,
    NativeProgram,
    OpenQasm,
    Qpu,
    Qpy,
)
from stationd.proto.result import CompiledResult

BARE = Qpu(qubits=("QB1", "QB2"), couplings=(("QB1", "QB2"),), mid_circuit_measurement=False)
ABLE = replace(BARE, mid_circuit_measurement=True, reset=True, delay=True)
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
MEASURE = Instruction("measure", ("QB1",), (), (0,))


def said(*programs: CircuitProgram, qpu: Qpu = ABLE, measured: bool = True) -> list[str]:
    request = CheckRequest(programs=tuple(enumerate(programs)), qpu=qpu, measured=measured)
    return [str(problem) for problem in check_programs(request)]


def qasm(text: str, **binding: float) -> OpenQasm:
    return OpenQasm(source=THREE + text, binding=binding)


def qpy(circuit: Any) -> Qpy:  # noqa: ANN401 - has no type information
    return qpy_program(circuit)


def quantum() -> Any:  # noqa: ANN401 - as above
    return load("qiskit").QuantumCircuit(2, 2)


def native(*instructions: Instruction) -> NativeProgram:
    return NativeProgram(circuit=NativeCircuit(instructions=instructions, n_bits=1))


def test_resets_delays_and_measurements_in_the_middle_are_fine_where_the_qpu_can() -> None:
    text = "h q[0]; delay[100ns] q[0]; c[0] = measure q[0]; reset q[0]; c[1] = measure q[0];"
    made = quantum()
    made.h(0)
    made.delay(1.5, 0, unit="us")
    made.measure(0, 0)
    made.reset(0)
    made.measure(0, 1)
    assert said(qasm(text), qpy(made), native(Instruction("reset", ("QB1",)), MEASURE)) == []
    two = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nreset q;\nmeasure q -> c;'
    assert said(OpenQasm(source=two)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reset q[0];", "item 0, line 5: this QPU has no reset"),
        ("x q[1];\ndelay[100ns] q[0];", "item 0, line 6: this QPU has no delay"),
        ("c = measure q;\nh q[1];", "item 0, line 6: q[1] has been measured, and this QPU can"),
        ("c[0] = measure q[0];\nc[1] = measure q[0];", "item 0, line 6: q[0] has been measured"),
        ("c[0] = measure q[0];\nlet r = q[0:0];\nh r[0];", "item 0: a qubit is used after it was"),
    ],
)
def test_what_the_qpu_cannot_do_is_refused_by_line(text: str, expected: str) -> None:
    found = said(qasm(text + "\nc[1] = measure q[1];"), qpu=BARE)
    assert expected in found[0]


def test_what_a_qpy_file_asks_for_and_the_qpu_cannot_do_is_refused() -> None:
    made = quantum()
    made.reset(0)
    made.measure(0, 0)
    made.delay(10, 0, unit="ns")
    assert said(qpy(made), qpu=BARE) == [
        "item 0: 'delay' is not supported: use gates, barriers and measurements",
        "item 0: 'reset' is not supported: use gates, barriers and measurements",
        "item 0: a qubit is used after it was measured, which this QPU cannot do",
    ]


def test_control_flow_is_refused_in_all_forms() -> None:
    made = quantum()
    made.measure(0, 0)
    with made.if_test((made.clbits[0], 1)):
        made.x(1)
    (flow,) = said(qpy(made))
    assert flow.startswith("item 0: 'if_else' is not supported: use gates, delay, reset, barriers")
    (line,) = said(qasm("c[0] = measure q[0];\nif (c[0]) { x q[1]; }"))
    assert line.startswith("item 0, line 6: control flow is not supported: the QPU cannot act on")


def test_a_delay_without_a_unit_is_refused() -> None:
    made = quantum()
    made.delay(100, 0)
    made.measure(0, 0)
    (counts,) = said(qpy(made))
    assert counts.startswith("item 0: a QPY file does not keep the unit of a delay: submit the Qua")


def test_what_is_measured_is_asked_for_in_all_forms() -> None:
    barrier = native(Instruction("barrier", ("QB1",)))
    found = said(qasm("h q[0];"), qpy(quantum()), barrier)
    assert [one[:27] for one in found] == [f"item {n}: nothing is measured"[:27] for n in range(3)]
    assert said(qasm("h q[0];"), qpy(quantum()), barrier, measured=False) == []


def test_values_of_parameters_are_checked() -> None:
    text = "input float theta;\nrx(theta) q[0];\nc = measure q;"
    assert said(qasm(text, theta=0.5)) == []
    missing, strange = said(qasm(text), qasm(text, theta=1.0, x=2.0))
    assert missing.startswith("item 0, bindings: the circuit has free parameters: theta; give")
    assert strange.startswith("item 1, bindings: the circuit has no parameter 'x'")


def test_a_sweep_over_bindings_is_read_once() -> None:
    text = "input float theta;\nrx(theta) q[0];\nc = measure q;"
    first, second = (parsed_circuit(qasm(text, theta=value), ABLE) for value in (0.1, 0.2))
    assert first is second


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("if (c[0]) { x q[0]; }", "control flow is not supported: the QPU cannot act on an outc"),
        ("if (c[0]) { x q[0]; } else { y q[0]; }", "control flow is not supported"),
        ("while (c[0]) { x q[0]; }", "control flow is not supported"),
        ("for int i in [0:1] { h q[i]; }", "control flow is not supported"),
        ("switch (3) { case 3 { x q[0]; } }", "control flow is not supported"),
        ("end;", "control flow is not supported"),
        ("def f(qubit a) { x a; }", "subroutines are not supported: define gates"),
        ("extern f(int) -> int;", "subroutines are not supported: define gates"),
        ("int i = 1;", "declarations of type 'int' are not supported"),
        ("float f = 0.5;", "declarations of type 'float' are not supported"),
        ("array[int, 3] a;", "declarations of type 'array' are not supported"),
        ("const int n = 2;", "constants are not supported: write their values"),
        ("c[0] = c[1];", "classical values are not computed: bits take outcomes of measurements"),
        ('c = "01";', "classical values are not computed"),
        ("stretch s;", "timing is the compiler's: boxes, stretches and named durations are not"),
        ("duration d = 10ns;", "timing is the compiler's"),
        ("box { x q[0]; }", "timing is the compiler's"),
        ("delay[100dt] q[0];", "a delay is in ns, us, ms or s, as in delay[100ns] q;"),
        ("delay[durationof({x q[0];})] q[0];", "durationof is not supported: write the duration"),
        ("rx(sin(0.5)) q[0];", "functions, such as sin, are not computed: write their values"),
        ("defcal x $0 { }", "pulse-level definitions are not supported"),
        ("cal { }", "pulse-level definitions are not supported"),
        ("pragma x y", "pragmas are not supported"),
        ("input int t;", 'an input is a number, as in "input float theta;": others are not'),
        ("output bit t;", "output declarations are not supported: measure into bits"),
        ('include "my.inc";', 'OpenQASM 3 can only include "stdgates.inc" here'),
        ("x $0;", "Physical qubit referenced in virtual addressing mode"),
    ],
)
def test_each_feature_that_is_not_supported_is_refused_by_line(
    statement: str, expected: str
) -> None:
    found = said(qasm(f"h q[0];\n{statement}\nc = measure q;"))
    assert found[0].startswith(f"item 0, line 6: {expected}")


@pytest.mark.parametrize(
    "statement",
    [
        "gate g(t) a, b { rx(t/2) a; cx a, b; }\ng(0.5) q[0], q[1];",
        "ctrl @ rx(0.5) q[0], q[1];",
        "negctrl @ x q[0], q[1];",
        "inv @ s q[0];",
        "pow(2) @ s q[0];",
        "let r = q[0:1];\nh r;",
        "gphase(0.5);",
        "reset q;",
        "delay[100ns] q[0];",
        "c[0] = measure q[0];\nx q[0];",
        "barrier q;",
        "rx(pi/4 + 2*0.1) q[0];",
    ],
)
def test_each_feature_that_is_supported_compiles(statement: str) -> None:
    program = qasm(f"{statement}\nc = measure q;")
    assert said(program) == []
    (made,) = compile_circuits(CompileRequest(programs=((0, program),), qpu=ABLE))
    assert isinstance(made, CompiledResult)


def test_physical_qubits_are_fine_alone() -> None:
    source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\nx $1;\nc = measure $1;'
    assert said(OpenQasm(source=source)) == []
