"""Whether an OpenQASM text uses a qubit that it has measured, and on which line.

For QPUs that measure at the end alone. What it overlooks (a qubit behind an alias) is found in the
circuit, which has no lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stationd.proto.error import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEASURED: Final = re.compile(r"\bmeasure\s+([^;>-]+)")
_OPERAND: Final = re.compile(r"(\$?\w+)\s*(\[[^\]]*\])?")
_ARGUMENTS: Final = re.compile(r"\([^()]*\)")


class UsedAgain:
    """Remembers what has been measured, one statement after another."""

    def __init__(self) -> None:
        self._measured: dict[str, set[str]] = {}
        """By register, the indices as they are written; an empty one stands for all."""

    def problems(self, head: str, statement: str, line: int) -> Iterator[Problem]:
        """Take the next statement, and yield what is wrong with it."""
        if head in {"barrier", "let"}:
            return
        found = _MEASURED.search(statement)
        text = found.group(1) if found else _ARGUMENTS.sub("", statement.partition(head)[2])
        operands = [(one[1], one[2] or "") for one in _OPERAND.finditer(text)]
        for register, index in operands:
            measured = self._measured.get(register, set())
            if measured and (not index or index in measured or "" in measured):
                yield Problem(
                    f"{register}{index} has been measured, and this QPU can only do that at the"
                    " end of a circuit",
                    line=line,
                )
                return
        if found:
            for register, index in operands:
                self._measured.setdefault(register, set()).add(index)
