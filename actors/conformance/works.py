"""What a driver is given to do: by what it says that it can, and beside that.

Rule. Settings are moved within their declared limits, and not at all where none are declared:
      what is behind them may be an instrument that somebody needs.
"""

from __future__ import annotations

import math
from typing import Final

from stationd.proto.program import (
    Capabilities,
    CircuitsWork,
    CircuitWork,
    Instruction,
    Move,
    NativeCircuit,
    NullWork,
    Qpu,
    Setting,
    SettingValue,
    SweepWork,
    Work,
)

SPOTS: Final = 3
_MOST_TRIED: Final = 8
"""Settings and readouts of one sweep."""
_LONG_SPOTS: Final = 100_000
_LONG_SECONDS: Final = 3600.0
_SHOTS: Final = 100
_MOST_QUBITS: Final = 5
NOWHERE: Final = "no such name"


def ordinary(offered: Capabilities) -> list[Work]:
    """Return one piece of work of every kind that is offered, soon done."""
    works: list[Work] = []
    if offered.settings or offered.readouts:
        works.append(_sweep(offered))
    if offered.qpu is not None:
        works.append(_circuits(offered.qpu, 2, min(_SHOTS, offered.qpu.most_shots)))
    if offered.null:
        works.append(NullWork())
    return works


def long(offered: Capabilities) -> Work | None:
    """Return work that takes long enough to be aborted; None if there is none."""
    if offered.null:
        return NullWork(duration=_LONG_SECONDS)
    if offered.qpu is not None:
        return _circuits(offered.qpu, offered.qpu.most_circuits, offered.qpu.most_shots)
    if not offered.readouts:
        return None
    values = _values(offered.settings)
    moves = [
        Move(name, 0, tuple(found[spot % len(found)] for spot in range(_LONG_SPOTS)))
        for name, found in list(values.items())[:1]
    ]
    return SweepWork(shape=(_LONG_SPOTS,), moves=tuple(moves), returns=(offered.readouts[0].name,))


def foreign(offered: Capabilities) -> dict[str, Work]:
    """Return work that the driver must refuse, by what is wrong with it."""
    works: dict[str, Work] = {}
    if offered.settings or offered.readouts:
        works["a setting that it does not have"] = SweepWork(settings=((NOWHERE, 1.0),))
        works["a readout that it does not have"] = SweepWork(returns=(NOWHERE,))
    else:
        works["a sweep, which it does not offer"] = SweepWork(returns=(NOWHERE,))
    if offered.qpu is None:
        works["circuits, which it does not offer"] = _one_circuit(NOWHERE)
    else:
        works["a qubit that it does not have"] = _one_circuit(NOWHERE)
    return works


def beyond(offered: Capabilities) -> Work | None:
    """Return a setting beyond its limits; None if none has any."""
    for one in offered.settings:
        if one.maximum is not None and one.type in {"float", "int"}:
            value = 2 * abs(one.maximum) + 1
            return SweepWork(settings=((one.name, int(value) if one.type == "int" else value),))
    return None


def _sweep(offered: Capabilities) -> SweepWork:
    values = _values(offered.settings)
    tried = list(values)[:_MOST_TRIED]
    readable = {one.name for one in offered.readouts}
    moved = next((name for name in tried if name in readable), tried[0] if tried else "")
    fixed = [name for name in tried if name != moved]
    return SweepWork(
        settings=tuple((name, values[name][0]) for name in fixed),
        shape=(SPOTS,),
        moves=(Move(moved, 0, values[moved]),) if moved else (),
        returns=tuple(one.name for one in offered.readouts[:_MOST_TRIED]),
    )


def _values(settings: tuple[Setting, ...]) -> dict[str, tuple[SettingValue, ...]]:
    found = {one.name: _harmless(one) for one in settings}
    return {name: values for name, values in found.items() if values}


def _harmless(setting: Setting) -> tuple[SettingValue, ...]:
    """Return values for the spots of a sweep; none if it is not known what the setting takes."""
    if setting.choices:
        return tuple(setting.choices[spot % len(setting.choices)] for spot in range(SPOTS))
    if setting.type == "bool":
        return (False, True, False)
    low, high = setting.minimum, setting.maximum
    if low is None or high is None or setting.type == "str":
        return ()
    middle = [low + (high - low) * part for part in (0.4, 0.5, 0.6)]
    return tuple(math.floor(one) for one in middle) if setting.type == "int" else tuple(middle)


def _circuits(qpu: Qpu, number: int, shots: int) -> CircuitsWork:
    qubits = qpu.qubits[:_MOST_QUBITS]
    turned = [Instruction("prx", (qubit,), (math.pi, 0.0)) for qubit in qubits]
    measured = [Instruction("measure", (qubit,), (), (bit,)) for bit, qubit in enumerate(qubits)]
    circuit = NativeCircuit(
        instructions=(*turned, *measured),
        n_bits=len(qubits),
        bit_names=tuple(f"c[{bit}]" for bit in range(len(qubits))),
    )
    return CircuitsWork(
        circuits=tuple(
            CircuitWork(item=item, circuit=circuit, shots=shots, seed=item)
            for item in range(min(number, qpu.most_circuits))
        )
    )


def _one_circuit(qubit: str) -> CircuitsWork:
    circuit = NativeCircuit(
        instructions=(Instruction("measure", (qubit,), (), (0,)),), n_bits=1, bit_names=("c[0]",)
    )
    return CircuitsWork(circuits=(CircuitWork(item=0, circuit=circuit, shots=1),))
