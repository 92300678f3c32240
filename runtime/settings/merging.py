"""Several files as one configuration, with the place where each key was said.

Tables merge key by key and the later file wins; everything else, lists too, is replaced whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stationd.runtime.settings.keys import Key

Table = dict[str, object]


class Source(NamedTuple):
    """The place where a key was said."""

    file: str
    line: int
    """Counted from 1; 0 if it is not known."""

    def __str__(self) -> str:
        """Return ``file:line``, as editors take it."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Layer(NamedTuple):
    """What one file says."""

    file: str
    data: Table
    lines: Mapping[Key, int]
    """Where its keys and tables stand."""

    def source(self, key: Key) -> Source:
        """Return the place of a key, or of what it is in."""
        while key and key not in self.lines:
            key = key[:-1]
        return Source(self.file, self.lines.get(key, 0))


class Merged(NamedTuple):
    """What all files say together."""

    data: Table
    sources: dict[Key, Source]
    """The place of each key, and that of each table where it was said first."""


def merge(layers: Iterable[Layer]) -> Merged:
    """Lay files over one another, the first one at the bottom."""
    merged = Merged({}, {})
    for layer in layers:
        _lay(merged.data, layer.data, (), layer, merged.sources)
    return merged


def _lay(under: Table, over: Table, at: Key, layer: Layer, sources: dict[Key, Source]) -> None:
    for name, value in over.items():
        key = (*at, name)
        below = under.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            _lay(cast("Table", below), cast("Table", value), key, layer, sources)
            continue
        _forget(key, sources)
        sources[key] = layer.source(key)
        if isinstance(value, dict):
            table: Table = {}
            _lay(table, cast("Table", value), key, layer, sources)
            under[name] = table
        else:
            under[name] = value


def _forget(key: Key, sources: dict[Key, Source]) -> None:
    """Drop the places of all that stood in a table which something else replaces."""
    for known in [known for known in sources if known[: len(key)] == key]:
        del sources[known]
