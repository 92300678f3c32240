"""What a parser made of a text or a file that is no circuit: problems, whatever it has raised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stationd.proto.error import Problem

if TYPE_CHECKING:
    from types import TracebackType

_PLACE_2: Final = re.compile(r"<input>:(\d+),\d+:\s*")
_PLACE_3: Final = re.compile(r"L?(\d+)[,:]C?\d+:\s*")
_NODE: Final = re.compile(
    r"(?:node of type |')(\w+)(?:' cannot be resolved into a Qiskit value| is not supported)"
)
_NODES: Final = {
    "ConstantDeclaration": "constants are not supported: write their values",
    "ClassicalAssignment": "classical values are not computed: bits take outcomes of measurements",
    "FunctionCall": "functions, such as sin, are not computed: write their values",
    "DurationOf": "durationof is not supported: write the duration",
    "ExpressionStatement": "an expression does nothing here: apply gates and measure",
}
"""What the importer of version 3 names by its own classes."""
_LONGEST_MESSAGE: Final = 300


class BadProgram(Exception):
    """A program that cannot be made into a circuit. Does not leave the worker."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def problem_of(error: BaseException) -> Problem:
    """Translate whatever a parser has raised."""
    if isinstance(error, RecursionError):
        return Problem("an expression is nested too deeply: simplify it")
    if isinstance(error, MemoryError):
        return Problem("the circuit does not fit into memory")
    text, line = _text_and_line(str(getattr(error, "message", "") or error))
    token = _offending_token(error)
    if token is not None:
        text = f"syntax error at {token[0]!r}" + (f" ({text})" if text else "")
        line = token[1]
    if line is None:
        line = _line_of_node(error.__traceback__)
    if (node := _NODE.fullmatch(text)) is not None:
        text = _NODES.get(node[1], text)
    # What the parser quotes may not even be valid text, and would not fit into a message.
    text = text[:_LONGEST_MESSAGE].encode("utf-8", "backslashreplace").decode()
    return Problem(text or "the text cannot be parsed", line=line)


def _text_and_line(message: str) -> tuple[str, int | None]:
    message = message.strip()
    found = _PLACE_2.match(message) or _PLACE_3.match(message)
    if found is None:
        return message, None
    return message[found.end() :], int(found.group(1))


def _offending_token(error: BaseException) -> tuple[str, int] | None:
    """Find the token that ANTLR stumbled over; its bail-out strategy says it nowhere else."""
    cause = error.__cause__ or error.__context__
    inner = cause.args[0] if cause is not None and cause.args else None
    token = getattr(inner, "offendingToken", None)
    if token is None:
        return None
    return str(token.text)[:40], int(token.line)


def _line_of_node(traceback: TracebackType | None) -> int | None:
    """Find the line of the syntax node that was being converted when the error came up.

    Only the importer's own errors name their place; others come from deep within Qiskit, and
    the nodes are in the frames above.
    """
    line: int | None = None
    while traceback is not None:
        span = getattr(traceback.tb_frame.f_locals.get("node"), "span", None)
        line = getattr(span, "start_line", line)
        traceback = traceback.tb_next
    return line
