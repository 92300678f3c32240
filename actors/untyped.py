"""Libraries without type information, imported when they are needed and not before.

The daemon imports modules whose functions run in workers; what those need stays out of it.
"""

from __future__ import annotations

import importlib
from typing import Any


def load(name: str) -> Any:  # noqa: ANN401 - the point of this function
    """Import a library.

    Args:
        name: The module's full name, as in ``qiskit.circuit.library``.

    Raises:
        ModuleNotFoundError: It is not installed; the message names the extra that has it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.msg}: circuits need the extra 'qiskit', as in pip install 'stationd[qiskit]'",
            name=error.name,
        ) from error
