"""Compiled work does what was asked for, for the QPU it is for, and the same every time."""

import io
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationd.actors.stages import compile  # noqa: A004 - a stage
from stationd.actors.stages.compile import compile_circuits, warm_up
from stationd.actors.stages.native import openqasm_text
from stationd.actors.stages.openqasm import parse_openqasm
from stationd.actors.stages.requests import CompileRequest
from stationd.actors.stages.works import circuits_work, compile_null, compile_sweep
from stationd.actors.untyped import load
from stationd.client.files.qiskit import qpy_program
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.program import (
    Axis,
    Circuits,
    Instruction,
    Move,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    OpenQasm,
    Qpu,
    Qpy,
    Sweep,
    SweepWork,
)
from stationd.proto.result import CompiledResult

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = tuple(f"QB{number}" for number in range(1, 6))
STAR = Qpu(
    qubits=NAMES, couplings=tuple(("QB1", name) for name in NAMES[1:]), reset=True, delay=True
)
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
BELL = THREE + "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"


def compiled(
    source: str, level: int = 2, calibration: dict[str, float] | None = None
) -> CompiledResult:
    request = CompileRequest(
        programs=((0, OpenQasm(source=source, name="it")),),
        qpu=STAR,
        calibration=calibration or {},
        optimisation_level=level,
        seed=5,
    )
    (result,) = compile_circuits(request)
    assert isinstance(result, CompiledResult), result
    return result


def distribution(circuit: Any) -> dict[str, float]:  # noqa: ANN401 - has no type information
    """Return the outcomes of the bits and their probabilities, bit 0 leftmost."""
    measured = {
        circuit.find_bit(step.clbits[0]).index: circuit.find_bit(step.qubits[0]).index
        for step in circuit.data
        if step.operation.name == "measure"
    }
    state = load("qiskit.quantum_info").Statevector(
        circuit.remove_final_measurements(inplace=False) or circuit
    )
    chances: Counter[str] = Counter()
    for word, chance in state.probabilities_dict().items():
        bits = word[::-1]
        chances["".join(bits[measured[bit]] for bit in sorted(measured))] += chance
    return dict(chances)


def native_distribution(native: NativeCircuit) -> dict[str, float]:
    circuit = load("qiskit").QuantumCircuit(len(NAMES), native.n_bits)
    for one in native.instructions:
        places = [NAMES.index(qubit) for qubit in one.qubits]
        match one.gate:
            case "prx":
                circuit.r(*one.params, places[0])
            case "cz":
                circuit.cz(*places)
            case "measure":
                circuit.measure(places[0], one.bits[0])
            case _:
                pass
    return distribution(circuit)


def distance(first: dict[str, float], second: dict[str, float]) -> float:
    """Return the total variation distance."""
    words = first.keys() | second.keys()
    return sum(abs(first.get(word, 0) - second.get(word, 0)) for word in words) / 2


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_outcomes_are_those_of_the_source(level: int, seed: int) -> None:
    source = load("qiskit.circuit.random").random_circuit(4, 5, max_operands=2, seed=seed)
    source.measure_all()
    text = load("qiskit.qasm2").dumps(source)
    native = compiled(text, level).native
    assert distance(distribution(parse_openqasm(text, STAR)), native_distribution(native)) < 1e-6


@pytest.mark.parametrize("name", ["bell.qasm", "bell_v2.qasm", "ghz5.qasm"])
def test_the_examples_compile_and_give_what_they_say(name: str) -> None:
    result = compiled((EXAMPLES / name).read_text())
    chances = native_distribution(result.native)
    width = result.native.n_bits
    assert distance(chances, {"0" * width: 0.5, "1" * width: 0.5}) < 1e-9


def test_only_native_operations_on_coupled_qubits_come_out() -> None:
    native = compiled((EXAMPLES / "ghz5.qasm").read_text()).native
    assert {one.gate for one in native.instructions} == {"prx", "cz", "measure"}
    pairs = {one.qubits for one in native.instructions if one.gate == "cz"}
    assert all("QB1" in pair for pair in pairs)
    assert native.bit_names == ("c[0]", "c[1]", "c[2]", "c[3]", "c[4]")
    assert native.name == "it"


def test_clifford_circuits_keep_quarter_turns() -> None:
    native = compiled(
        THREE + "qubit[3] q; bit[3] c; h q; s q[0]; cx q[0], q[1]; cx q[1], q[2];"
        " y q[1]; sdg q[2]; h q[2]; c = measure q;"
    ).native
    angles = [angle for one in native.instructions for angle in one.params]
    assert all(
        math.isclose(angle / (math.pi / 4), round(angle / (math.pi / 4))) for angle in angles
    )


def test_bits_are_in_the_order_of_declaration() -> None:
    source = THREE + "bit[1] b; bit[2] a; qubit[3] q; x q[2]; a[1] = measure q[2];"
    result = compiled(source + " b[0] = measure q[0]; a[0] = measure q[1];")
    assert result.native.bit_names == ("b[0]", "a[0]", "a[1]")
    assert distance(native_distribution(result.native), {"001": 1.0}) < 1e-9


def test_bad_qubits_are_avoided() -> None:
    known = {f"QB1-{name}.cz.error": 0.3 for name in ("QB2", "QB4", "QB5")}
    good = compiled(BELL, calibration=known | {"QB1-QB3.cz.error": 0.01})
    assert {q for one in good.native.instructions for q in one.qubits} == {"QB1", "QB3"}


def test_physical_qubits_stay_where_they_are() -> None:
    result = compiled(THREE + "bit[2] b; h $0; cx $0, $3; b[0] = measure $0; b[1] = measure $3;")
    measured = {one.bits[0]: one.qubits for one in result.native.instructions if one.bits}
    assert measured == {0: ("QB1",), 1: ("QB4",)}


def test_the_same_request_gives_the_same_circuit() -> None:
    first = compiled((EXAMPLES / "ghz5.qasm").read_text())
    assert compiled((EXAMPLES / "ghz5.qasm").read_text()) == first


def test_depth_and_two_qubit_gates_are_counted() -> None:
    result = compiled(BELL)
    assert (result.two_qubit_gates, result.depth) == (1, 4)


def test_it_is_told_how_long_a_circuit_takes_and_where_its_qubits_are() -> None:
    known = {f"{name}.readout.duration": 2e-6 for name in NAMES}
    result = compiled(BELL, calibration=known)
    # A quarter turn, CZ, a quarter turn on one of both, and the readout.
    assert math.isclose(result.duration, 40e-9 + 60e-9 + 40e-9 + 2e-6)
    assert len(set(result.initial_layout)) == 2
    assert set(result.initial_layout) == set(result.native.instructions[2].qubits)
    assert result.initial_layout == result.final_layout


def test_the_text_compiles_to_the_same_outcomes() -> None:
    first = compiled((EXAMPLES / "ghz5.qasm").read_text())
    again = compiled(first.openqasm)
    assert distance(native_distribution(first.native), native_distribution(again.native)) < 1e-9


def test_an_item_that_cannot_be_compiled_leaves_the_others_alone() -> None:
    lonely = Qpu(qubits=("QB1", "QB2", "QB3"), couplings=(("QB1", "QB2"),))
    swap = THREE + "qubit[3] q; cx q[0], q[1]; cx q[1], q[2]; cx q[0], q[2];"
    programs = ((0, OpenQasm(source=swap)), (1, OpenQasm(source="x")), (4, OpenQasm(source=BELL)))
    bad, worse, good = compile_circuits(CompileRequest(programs=programs, qpu=lonely))
    assert isinstance(bad, ErrorInfo)
    assert bad.code is ErrorCode.COMPILATION_FAILED
    assert isinstance(worse, ErrorInfo)
    assert "not OpenQASM" in str(worse)
    assert isinstance(good, CompiledResult)


def test_a_worker_can_be_warmed_up() -> None:
    warm_up()


def test_circuits_become_work_item_by_item() -> None:
    spec = Circuits(
        programs=(OpenQasm(source=BELL), OpenQasm(source="?"), OpenQasm(source=BELL)),
        n_shots=(10, 20, 30),
        seed=9,
    )
    one = compiled(BELL)
    work = circuits_work(spec, {2: one, 0: one}, {"QB1.t1": 1e-5})
    assert [(each.item, each.shots, each.seed) for each in work.circuits] == [
        (0, 10, 9),
        (2, 30, 9),
    ]
    assert work.calibration == {"QB1.t1": 1e-5}


def test_null_programs_take_their_time_one_after_another() -> None:
    programs = (NullProgram(duration=0.5), NullProgram(duration=0.25))
    assert compile_null(Circuits(programs=programs, n_shots=(1, 1))).duration == 0.75


def test_every_controller_gets_its_part_of_a_sweep() -> None:
    sweep = Sweep(
        settings={"a.x": 1.0, "b.y": 2},
        axes=((Axis("a.s", (1, 2)), Axis("b.t", (3, 4))), (Axis("b.u", (5, 6, 7)),)),
        returns=("c.r.z", "a.q"),
    )
    shape = (2, 3)
    assert compile_sweep(sweep) == {
        "a": SweepWork(
            settings=(("x", 1.0),),
            shape=shape,
            moves=(Move("s", 0, (1, 2)),),
            returns=("q",),
            paced=True,
        ),
        "b": SweepWork(
            settings=(("y", 2),),
            shape=shape,
            moves=(Move("t", 0, (3, 4)), Move("u", 1, (5, 6, 7))),
            paced=True,
        ),
        "c": SweepWork(shape=shape, returns=("r.z",), paced=True),
    }


@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=2), max_size=3),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
)
@settings(max_examples=50, deadline=None)
def test_no_part_of_a_sweep_is_lost(groups: list[list[str]], readers: list[str]) -> None:
    sweep = Sweep(
        axes=tuple(
            tuple(Axis(f"{name}.s{group}{place}", (1.0, 2.0)) for place, name in enumerate(names))
            for group, names in enumerate(groups)
        ),
        returns=tuple(f"{name}.r{place}" for place, name in enumerate(readers)),
    )
    work = compile_sweep(sweep)
    assert list(work) == sweep.controllers()
    assert sum(len(part.moves) for part in work.values()) == sum(map(len, groups))
    assert sum(len(part.returns) for part in work.values()) == len(readers)
    assert all(
        part.paced == (len(work) > 1) and part.spots == sweep.spots for part in work.values()
    )


def test_requests_and_results_travel() -> None:
    result = compiled(BELL)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=CompiledResult) == result


def lines(*statements: str) -> str:
    return THREE + "\n".join(statements)


SWEPT = lines(
    "input float theta;",
    "input angle phi;",
    "qubit[3] q;",
    "bit[3] c;",
    "rx(2*theta + 0.1) q[0];",
    "cx q[0], q[1];",
    "rz(phi) q[1];",
    "ry(theta) q[1];",
    "cx q[1], q[2];",
    "c = measure q;",
)


def test_a_circuit_bound_after_compilation_does_what_it_does_bound_before() -> None:
    rows = [{"theta": 0.3 * row, "phi": 1.0 - row} for row in range(4)]
    programs = tuple((n, OpenQasm(source=SWEPT, binding=row)) for n, row in enumerate(rows))
    made = compile_circuits(CompileRequest(programs=programs, qpu=STAR))
    for row, result in zip(rows, made, strict=True):
        assert isinstance(result, CompiledResult)
        circuit = parse_openqasm(SWEPT, STAR)
        exact = circuit.assign_parameters({one: row[one.name] for one in circuit.parameters})
        assert distance(distribution(exact), native_distribution(result.native)) < 1e-6
        assert json.loads(result.metadata["binding"]) == row


def test_a_sweep_over_bindings_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_once: list[int] = []
    mapped = vars(compile)["mapped"]

    def counted(*words: Any) -> Any:  # noqa: ANN401 - has no type information
        compiled_once.append(1)
        return mapped(*words)

    monkeypatch.setattr(compile, "mapped", counted)
    rows = ({"theta": 0.1 * row, "phi": 0.0} for row in range(30))
    programs = tuple((n, OpenQasm(source=SWEPT, binding=row)) for n, row in enumerate(rows))
    made = compile_circuits(CompileRequest(programs=programs, qpu=STAR))
    assert len(compiled_once) == 1
    natives = [one.native for one in made if isinstance(one, CompiledResult)]
    assert len(natives) == 30
    used = {frozenset(q for one in each.instructions for q in one.qubits) for each in natives}
    assert len(used) == 1, "all rows are of the same qubits"


def test_parameters_without_values_are_named() -> None:
    programs = ((0, OpenQasm(source=SWEPT, binding={"theta": 1.0})),)
    (error,) = compile_circuits(CompileRequest(programs=programs, qpu=STAR))
    assert isinstance(error, ErrorInfo)
    assert "bindings: the circuit has free parameters: phi" in str(error)


def test_a_native_program_is_executed_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = NativeCircuit(
        instructions=(
            Instruction("prx", ("QB4",), (0.1, 0.2)),
            Instruction("prx", ("QB4",), (0.1, 0.2)),
            Instruction("cz", ("QB4", "QB1")),
            Instruction("measure", ("QB1", "QB4"), (), (0, 1)),
        ),
        n_bits=2,
        bit_names=("m[0]", "m[1]"),
    )
    monkeypatch.setattr(compile, "load", None)
    programs = ((3, NativeProgram(circuit=circuit, name="it")),)
    (made,) = compile_circuits(CompileRequest(programs=programs, qpu=STAR))
    assert isinstance(made, CompiledResult)
    assert made.native.instructions[:3] == circuit.instructions[:3]
    assert (made.native.name, made.native.bit_names) == ("it", ("m[0]", "m[1]"))
    assert (made.depth, made.two_qubit_gates, made.metadata) == (4, 1, {})
    bad = msgspec.structs.replace(circuit, n_bits=1)
    (error,) = compile_circuits(
        CompileRequest(programs=((0, NativeProgram(circuit=bad)),), qpu=STAR)
    )
    assert "instructions[3]: there is no bit 1" in str(error)


def test_a_qpy_program_is_compiled() -> None:
    circuit = load("qiskit").QuantumCircuit(2, 2)
    theta = load("qiskit.circuit").ParameterVector("theta", 2)
    circuit.rx(theta[0], 0)
    circuit.ry(theta[1], 1)
    circuit.measure([0, 1], [0, 1])
    file = io.BytesIO()
    load("qiskit.qpy").dump(circuit, file)
    program = Qpy(data=file.getvalue(), binding={"theta[0]": math.pi, "theta[1]": 0.0})
    (made,) = compile_circuits(CompileRequest(programs=((0, program),), qpu=STAR))
    assert isinstance(made, CompiledResult)
    assert distance(native_distribution(made.native), {"10": 1.0}) < 1e-9


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_resets_delays_and_measurements_in_the_middle_stay_where_they_are(level: int) -> None:
    source = lines(
        "qubit[2] q;",
        "bit[3] c;",
        "x q[0];",
        "delay[150ns] q[0];",
        "c[0] = measure q[0];",
        "reset q[0];",
        "h q[0];",
        "cx q[0], q[1];",
        "delay[2us] q[1];",
        "c[1] = measure q[0];",
        "c[2] = measure q[1];",
    )
    native = compiled(source, level).native
    (qubit,) = next(one.qubits for one in native.instructions if one.bits == (0,))
    gates = [one.gate for one in native.instructions if qubit in one.qubits]
    assert gates.index("delay") < gates.index("measure") < gates.index("reset")
    assert "prx" in gates[gates.index("reset") :]
    delays = [one.params[0] for one in native.instructions if one.gate == "delay"]
    assert delays == pytest.approx([150e-9, 2e-6])
    again = compiled(openqasm_text(native, NAMES), 0).native
    assert [one.gate for one in again.instructions] == [one.gate for one in native.instructions]
    assert [one.params for one in again.instructions if one.gate == "delay"] == [
        pytest.approx(one.params) for one in native.instructions if one.gate == "delay"
    ]


def test_a_delay_can_be_swept() -> None:
    t = load("qiskit.circuit").Parameter("t")
    circuit = load("qiskit").QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(t, 0, unit="us")
    circuit.measure(0, 0)
    data = qpy_program(circuit).data
    programs = tuple((n, Qpy(data=data, binding={"t": 0.5 * n})) for n in range(3))
    made = compile_circuits(CompileRequest(programs=programs, qpu=STAR))
    waits = [
        instruction.params[0]
        for one in made
        if isinstance(one, CompiledResult)
        for instruction in one.native.instructions
        if instruction.gate == "delay"
    ]
    assert waits == pytest.approx([0.0, 0.5e-6, 1e-6])


def test_a_parameter_that_makes_a_delay_negative_is_an_error() -> None:
    t = load("qiskit.circuit").Parameter("t")
    circuit = load("qiskit").QuantumCircuit(1, 1)
    circuit.delay(t, 0, unit="s")
    program = Qpy(data=qpy_program(circuit).data, binding={"t": -1.0})
    (error,) = compile_circuits(CompileRequest(programs=((0, program),), qpu=STAR))
    assert isinstance(error, ErrorInfo)
    assert "Delay instruction must be positive" in str(error)
