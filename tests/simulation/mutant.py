"""A wrong variant of the station, for as long as a block lasts."""

# pyright: reportUnknownVariableType=false
# ruff: noqa: ANN401
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulation.loops import Backend
from tests.simulation.parts import BASE, Parts


@dataclass(frozen=True)
class Mutant:
    """A wrong variant."""

    name: str
    owner: Any
    attribute: str
    make: Callable[[Any], Any]
    """Returns what stands in the place of the original."""
    caught_by: tuple[int, Backend] = (1, "trio")
    """A run that catches it; others are tried if it does not any more."""
    parts: Parts = BASE
    """What it takes beside the base."""

    @contextmanager
    def applied(self) -> Generator[None]:
        """Let the variant be the product for a while."""
        before = _get(self.owner, self.attribute)
        _set(self.owner, self.attribute, self.make(before))
        try:
            yield
        finally:
            _set(self.owner, self.attribute, before)


def _get(owner: Any, name: Any) -> Any:
    return owner[name] if isinstance(owner, dict) else vars(owner)[name]


def _set(owner: Any, name: Any, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)
