"""Libraries without type information, imported when they are needed and not before.

The daemon imports modules whose functions run in workers; what those need stays out of it.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

_EXTRAS: Final = {"laboneq": "laboneq", "qibolab": "qibolab"}
"""Where a package comes from; all others make circuits."""


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
        extra = _EXTRAS.get(name.partition(".")[0], "qiskit")
        raise ModuleNotFoundError(
            f"{error.msg}: it comes with the extra {extra!r}, as in"
            f" pip install 'stationd[{extra}]'",
            name=error.name,
        ) from error
