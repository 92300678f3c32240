"""Whether what a driver says of itself makes sense: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from stationd.actors.stages.snapshot import SNAPSHOT

if TYPE_CHECKING:
    from stationd.proto.program import Capabilities, Qpu, Readout, Setting

_LONGEST: Final = 200
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "float": (float, int),
    "int": (int,),
    "bool": (bool,),
    "str": (str,),
}


def problems(offered: Capabilities) -> list[str]:
    """Return what is wrong with a description, in words."""
    return list(_problems(offered))


def _problems(offered: Capabilities) -> Iterator[str]:
    yield from _of_names("setting", [one.name for one in offered.settings])
    yield from _of_names("readout", [one.name for one in offered.readouts])
    for setting in offered.settings:
        yield from _of_setting(setting)
    for readout in offered.readouts:
        yield from _of_readout(readout)
    if offered.qpu is not None:
        yield from _of_qpu(offered.qpu)
    if not (offered.settings or offered.readouts or offered.qpu is not None or offered.null):
        yield "it offers nothing: no settings, no readouts, no QPU, no null programs"


def _of_names(kind: str, names: Sequence[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{times} {kind}s are called {name!r}"
        if not 0 < len(name) <= _LONGEST or name == SNAPSHOT:
            yield f"no job can say the {kind} {name[:40]!r}"


def _of_setting(setting: Setting) -> Iterator[str]:
    low, high = setting.minimum, setting.maximum
    if low is not None and high is not None and low > high:
        yield f"setting {setting.name!r}: its minimum {low:g} is above its maximum {high:g}"
    for choice in setting.choices:
        # A truth is a whole number to Python and not to an instrument.
        if type(choice) not in _TYPES[setting.type]:
            yield f"setting {setting.name!r} is a {setting.type}, and its choice {choice!r} is not"


def _of_readout(readout: Readout) -> Iterator[str]:
    try:
        dtype = np.dtype(readout.dtype)
    except TypeError:
        yield f"readout {readout.name!r}: numpy knows no type {readout.dtype!r}"
        return
    if dtype.kind not in "biufcSU" or dtype.hasobject:
        yield f"readout {readout.name!r}: a reading of the type {dtype.name} cannot be stored"
    if any(length < 1 for length in readout.shape):
        yield f"readout {readout.name!r}: its shape {readout.shape} has a length below 1"


def _of_qpu(qpu: Qpu) -> Iterator[str]:
    if not qpu.qubits:
        yield "the QPU has no qubits"
    for pair in qpu.couplings:
        if not set(pair) <= set(qpu.qubits) or pair[0] == pair[1]:
            yield f"the QPU couples {pair[0]!r} and {pair[1]!r}, which are not two of its qubits"
