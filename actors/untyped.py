"""Libraries without type information, imported when they are needed and not before.

The daemon imports modules whose functions run in workers; what those need stays out of it.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

EXTRAS: Final = {
    "qiskit": "qiskit",
    "qiskit_aer": "qiskit",
    "qiskit_qasm3_import": "qiskit",
    "stim": "qiskit",
    "qcodes": "qcodes",
    "pyvisa": "qcodes",
    "pyvisa_py": "qcodes",
    "pyvisa_sim": "qcodes",
    "qblox_instruments": "qblox",
    "qibolab": "qibolab",
    "laboneq": "laboneq",
}
"""The extra that a package comes with."""


def load(name: str) -> Any:  # noqa: ANN401 - the point of this function
    """Import a library.

    Args:
        name: The module's full name, as in ``qiskit.circuit.library``.

    Raises:
        ModuleNotFoundError: It is not installed; the message names the extra that has it, if
            one of ours has.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(name.partition(".")[0])
        if extra is None:
            raise
        raise ModuleNotFoundError(
            f"{error.msg}: it comes with the extra {extra!r}, as in"
            f" pip install 'stationd[{extra}]'",
            name=error.name,
        ) from error
