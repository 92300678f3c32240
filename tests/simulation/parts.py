"""The parts of which a run has some: what there is beside the base, each with faults of its own.

Rule 1. A part draws from sources of chance of its own. So a run with given parts means the same
        whatever other parts there are, and a recorded seed names its parts.
Rule 2. What the base or a part draws is never changed: a new idea is a new part.
"""

from collections.abc import Iterable
from random import Random
from typing import Final, Literal, cast, get_args

Part = Literal[
    "targets",
    "listeners",
    "retries",
    "attempts",
    "deadlines",
    "stubborn",
    "full-disk",
    "new-ledger",
    "going-on",
    "backup",
    "guards",
    "users",
    "limits",
    "locks",
    "lines",
]
Parts = frozenset[Part]

PARTS: Final[tuple[Part, ...]] = get_args(Part)
BASE: Final[Parts] = frozenset()
"""Submits, waits, listens, cancels; crashes, a bad network, disks that forget."""


def parts_of(seed: int) -> Parts:
    """Return the parts that a seed has if nobody says which: about half of them."""
    return frozenset(part for part in PARTS if Random(f"{seed}/has {part}").random() < 0.5)


def parts_from(text: str) -> Parts:
    """Return the parts that are named.

    Args:
        text: As `named` returns it.

    Raises:
        ValueError: There is no such part.
    """
    if text == "base":
        return BASE
    found = text.split("+")
    wrong = [name for name in found if name not in PARTS]
    if wrong:
        raise ValueError(f"there is no part {wrong[0]!r}: choose among {', '.join(PARTS)}")
    return cast("Parts", frozenset(found))


def named(parts: Iterable[Part]) -> str:
    """Return the names of parts in one word."""
    return "+".join(part for part in PARTS if part in frozenset(parts)) or "base"
