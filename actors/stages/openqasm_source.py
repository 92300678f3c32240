"""A first look at OpenQASM text, before a parser sees it.

Rule 1. It reads the text in one pass and allocates nothing by what the text says: a register of
        10 000 qubits, or gates that unfold into millions, are refused here and not by a parser
        that has no memory left.
Rule 2. It refuses, by line, what stationd does not run; it does not judge grammar.
Rule 3. What it lets through is small enough for the parsers and the compiler.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.actors.stages.native_operations import MOST_BITS
from stationd.actors.stages.used_again import UsedAgain
from stationd.proto.error import Problem

if TYPE_CHECKING:
    from stationd.proto.program import Qpu

MOST_OPERATIONS: Final = 100_000
"""Operations with all gates unfolded: compiling so many takes a minute."""
MOST_NESTING: Final = 64
"""Brackets within brackets: the parser of version 3 descends recursively."""
LONGEST_STATEMENT: Final = 16_384
"""Characters: the parser of version 3 takes minutes for a sum of 100 000 numbers."""
MOST_CONTROLS: Final = 64
"""Controls that a modifier adds to a gate."""
MOST_ALIASES: Final = 1_000
_MOST_PROBLEMS: Final = 20

_COMMENT: Final = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"[^"\n]*"', re.DOTALL)
_VERSION: Final = re.compile(r"\s*OPENQASM\s+(\d{1,9})(?:\.\d{1,9})?\s*;")
_STATEMENT: Final = re.compile(r"[^;{}]*[;{}]|[^;{}]+\Z")
_HEAD: Final = re.compile(r"\s*(#?[A-Za-z_]\w*|@)")
_LONG_INTEGER: Final = re.compile(r"(?<![\w.])\d{16,}(?![\w.])")
_PHYSICAL: Final = re.compile(r"\$(\d{1,15})")
_MODIFIER: Final = re.compile(r"\s*(?:ctrl|negctrl|inv|pow)\s*(?:\(([^()]*)\)\s*)?@")
_MODIFIERS: Final = frozenset({"ctrl", "negctrl", "inv", "pow"})
_INTEGER: Final = re.compile(r"\s*(\d[\d_]*|0[xX][0-9a-fA-F_]+)\s*")
_SIZE_3: Final = re.compile(r"\s*(?:qu)?bit\s*(?:\[([^\]]*)\])?")
_SIZE_2: Final = re.compile(r"\s*[qc]reg\s+\w+\s*(?:\[([^\]]*)\])?")

_INCLUDES: Final = {2: "qelib1.inc", 3: "stdgates.inc"}

_NO_BRANCHES: Final = (
    "control flow is not supported: the QPU cannot act on an outcome within a shot (feed-forward)"
)
_NO_SUBROUTINES: Final = "subroutines are not supported: define gates"
_NO_TIMING: Final = (
    "timing is the compiler's: boxes, stretches and named durations are not supported"
)
_NO_PULSES: Final = "pulse-level definitions are not supported"
_UNSUPPORTED: Final[dict[str, str]] = {
    "if": _NO_BRANCHES,
    "else": _NO_BRANCHES,
    "while": _NO_BRANCHES,
    "for": _NO_BRANCHES,
    "switch": _NO_BRANCHES,
    "break": _NO_BRANCHES,
    "continue": _NO_BRANCHES,
    "end": _NO_BRANCHES,
    "def": _NO_SUBROUTINES,
    "return": _NO_SUBROUTINES,
    "extern": _NO_SUBROUTINES,
    "opaque": "gates without a definition are not supported: define what it does",
    "box": _NO_TIMING,
    "stretch": _NO_TIMING,
    "duration": _NO_TIMING,
    "defcal": _NO_PULSES,
    "cal": _NO_PULSES,
    "defcalgrammar": _NO_PULSES,
    "output": "output declarations are not supported: measure into bits",
    "pragma": "pragmas are not supported",
    "#pragma": "pragmas are not supported",
}
_NO_RESET: Final = "this QPU has no reset: every shot starts with all qubits in their ground state"
_NO_DELAY: Final = "this QPU has no delay: its qubits wait for each other and for nothing else"
_NO_TICKS: Final = "a delay is in ns, us, ms or s, as in delay[100ns] q; the QPU's ticks (dt) vary"
_TICKS: Final = re.compile(r"\s*delay\s*\[[^\]]*\ddt\s*\]")
_INPUT: Final = re.compile(r"\s*input\s+(?:float|angle)\b")


class Scan(Struct, frozen=True, kw_only=True):
    """What the first look has found."""

    version: int | None
    """2 or 3; None if the text does not say."""
    qubits: int = 0
    """How many the circuit declares, or the highest physical one that it names, from 1."""
    problems: tuple[Problem, ...] = ()


def scan(source: str, qpu: Qpu) -> Scan:
    """Look at an OpenQASM text for a QPU; cheap whatever it holds."""
    text = _COMMENT.sub(_blank, source)
    start = _VERSION.match(text)
    if start is None:
        return Scan(version=None, problems=(_no_version(text),))
    version = int(start.group(1))
    if version not in _INCLUDES:
        line = text.count("\n", 0, start.start(1)) + 1
        problem = Problem(f"OpenQASM {version} is not known here: write version 2 or 3", line=line)
        return Scan(version=None, problems=(problem,))
    problems = [*_long_integers(text), *_nesting(text)]
    if problems:
        # The statements may not be what they seem.
        return Scan(version=version, problems=tuple(problems[:_MOST_PROBLEMS]))
    return _Reading(version, qpu).read(text, start.end())


def _blank(found: re.Match[str]) -> str:
    """Replace a comment with as many lines of nothing; leave strings alone."""
    token = found.group()
    return token if token.startswith('"') else "\n" * token.count("\n") + " "


def _no_version(text: str) -> Problem:
    line = text.count("\n", 0, _leading(text)) + 1
    if text.lstrip().startswith("OPENQASM"):
        return Problem('the version is malformed: write "OPENQASM 3.0;"', line=line)
    return Problem(
        'this is not OpenQASM: the first statement must be "OPENQASM 3.0;" or "OPENQASM 2.0;",'
        ' followed by include "stdgates.inc"; or include "qelib1.inc";',
        line=line,
    )


def _leading(text: str) -> int:
    """Return how many blanks a text starts with."""
    return len(text) - len(text.lstrip())


def _long_integers(text: str) -> list[Problem]:
    # The parser of version 2 is not defended against numbers that do not fit into 64 bits.
    return [
        Problem(
            "an integer of more than 15 digits is out of range",
            line=text.count("\n", 0, found.start()) + 1,
        )
        for found, _ in zip(_LONG_INTEGER.finditer(text), range(_MOST_PROBLEMS), strict=False)
    ]


def _nesting(text: str) -> list[Problem]:
    depth = 0
    for found in re.finditer(r"[\[\](){}]", text):
        depth += 1 if found.group() in "[({" else -1
        if depth > MOST_NESTING:
            line = text.count("\n", 0, found.start()) + 1
            return [Problem(f"brackets are nested more than {MOST_NESTING} deep", line=line)]
    return []


class _Reading:
    """The one pass over the statements, and what it has counted."""

    def __init__(self, version: int, qpu: Qpu) -> None:
        self._version = version
        self._refused = _UNSUPPORTED.copy()
        if not qpu.reset:
            self._refused["reset"] = _NO_RESET
        if not qpu.delay:
            self._refused["delay"] = _NO_DELAY
        self._used_again = None if qpu.mid_circuit_measurement else UsedAgain()
        self._problems: list[Problem] = []
        self._qubits = 0
        self._bits = 0
        self._operations = 0
        self._aliases = 0
        self._gate: str | None = None
        self._costs: dict[str, int] = {}
        """Operations that a gate unfolds into."""

    def read(self, text: str, start: int) -> Scan:
        line = text.count("\n", 0, start) + 1
        for found in _STATEMENT.finditer(text, start):
            statement = found.group()
            first = line + statement.count("\n", 0, _leading(statement))
            self._statement(statement, first)
            line += statement.count("\n")
            if len(self._problems) >= _MOST_PROBLEMS:
                break
        self._check_totals()
        physical = (int(found.group(1)) + 1 for found in _PHYSICAL.finditer(text))
        return Scan(
            version=self._version,
            qubits=max(self._qubits, max(physical, default=0)),
            problems=tuple(self._problems),
        )

    def _statement(self, statement: str, line: int) -> None:
        if statement.lstrip() == "}":
            self._gate = None
            return
        if len(statement.strip()) > LONGEST_STATEMENT:
            reason = f"a statement has at most {LONGEST_STATEMENT:,} characters: split it"
            self._problems.append(Problem(reason, line=line))
            return
        found = _HEAD.match(statement)
        head = found.group(1) if found else ""
        self._aliases += head == "let"
        if head in self._refused:
            self._problems.append(Problem(self._refused[head], line=line))
        elif head == "input":
            self._input(statement, line)
        elif head == "include":
            self._include(statement, line)
        elif head in {"qubit", "bit", "qreg", "creg"}:
            self._declaration(head, statement, line)
        elif head:
            self._gate_or_operation(head, statement, line)

    def _gate_or_operation(self, head: str, statement: str, line: int) -> None:
        if head == "gate":
            name = re.match(r"\s*gate\s+(\w+)", statement)
            self._gate = name.group(1) if name else None
            return
        if head == "delay" and _TICKS.match(statement):
            self._problems.append(Problem(_NO_TICKS, line=line))
        self._operation(head, statement, line)
        if self._used_again is not None and self._gate is None:
            self._problems.extend(self._used_again.problems(head, statement, line))

    def _input(self, statement: str, line: int) -> None:
        if not _INPUT.match(statement):
            reason = 'an input is a number, as in "input float theta;": others are not supported'
            self._problems.append(Problem(reason, line=line))

    def _include(self, statement: str, line: int) -> None:
        wanted = _INCLUDES[self._version]
        if not re.fullmatch(rf'\s*include\s*"{re.escape(wanted)}"\s*;', statement):
            self._problems.append(
                Problem(f'OpenQASM {self._version} can only include "{wanted}" here', line=line)
            )

    def _declaration(self, head: str, statement: str, line: int) -> None:
        found = (_SIZE_3 if head in {"qubit", "bit"} else _SIZE_2).match(statement)
        size = _size(found.group(1)) if found else None
        if size is None:
            self._problems.append(
                Problem(f"the size of a {head} register must be written as a number", line=line)
            )
        elif head in {"qubit", "qreg"}:
            self._qubits += size
        else:
            self._bits += size

    def _operation(self, head: str, statement: str, line: int) -> None:
        repeats = 1
        while head in _MODIFIERS and (found := _MODIFIER.match(statement)):
            if head == "pow":
                repeats *= self._power(found.group(1) or "", line)
            elif head in {"ctrl", "negctrl"}:
                self._controls(found.group(1), line)
            statement = statement[found.end() :]
            after = _HEAD.match(statement)
            head = after.group(1) if after else ""
        cost = min(MOST_OPERATIONS + 1, repeats * self._costs.get(head, 1))
        if self._gate is None:
            self._operations += cost
        else:
            total = self._costs.get(self._gate, 0) + cost
            self._costs[self._gate] = min(MOST_OPERATIONS + 1, total)

    def _controls(self, text: str | None, line: int) -> None:
        number = _size(text)
        if number is None or number > MOST_CONTROLS:
            reason = f"a modifier adds at most {MOST_CONTROLS} controls, written as a number"
            self._problems.append(Problem(reason, line=line))

    def _power(self, text: str, line: int) -> int:
        try:
            return max(1, min(MOST_OPERATIONS + 1, round(abs(float(text)))))
        except (ValueError, OverflowError):
            self._problems.append(
                Problem("the power of a gate must be written as a number", line=line)
            )
            return 1

    def _check_totals(self) -> None:
        if self._bits > MOST_BITS:
            self._problems.append(
                Problem(f"the circuit declares {self._bits:,} bits, at most {MOST_BITS} are taken")
            )
        if self._aliases > MOST_ALIASES:
            self._problems.append(
                Problem(
                    f"the circuit has {self._aliases:,} aliases, at most {MOST_ALIASES} are taken"
                )
            )
        if self._operations > MOST_OPERATIONS:
            self._problems.append(
                Problem(
                    f"the circuit unfolds into more than {MOST_OPERATIONS:,} operations:"
                    " split it into several circuits"
                )
            )


def _size(text: str | None) -> int | None:
    """Return the size of a register; 1 without brackets, None if it is not a plain number."""
    if text is None:
        return 1
    found = _INTEGER.fullmatch(text)
    return int(found.group(1).replace("_", ""), 0 if "x" in text.lower() else 10) if found else None
