"""Keys of the configuration: their names as TOML writes them, and the values that they have."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings.settings import Settings

Key = tuple[str, ...]
"""The path to a value: ``("controllers", "qpu", "driver")``."""

_BARE: Final = re.compile(r"^[A-Za-z0-9_-]+\Z")


def dotted(key: Key) -> str:
    """Return a key as TOML writes it, in quotes where it must.

    >>> dotted(("users", "ann.smith", "role"))
    'users."ann.smith".role'
    """
    return ".".join(
        part if _BARE.match(part) else json.dumps(part, ensure_ascii=False) for part in key
    )


def values(settings: Settings) -> dict[Key, object]:
    """Return every key that has a value, the defaults too, in the order of the tables.

    An empty table is a value; of any other only what is in it.
    """
    return dict(_leaves((), settings))


def changed(old: Settings, new: Settings) -> list[Key]:
    """Return the keys that have another value in one than in the other, or are in one alone."""
    before, after = values(old), values(new)
    keys = [*before, *(key for key in after if key not in before)]
    missing = object()
    return [key for key in keys if before.get(key, missing) != after.get(key, missing)]


def _leaves(key: Key, value: object) -> Iterator[tuple[Key, object]]:
    table: dict[str, object] | None = None
    if isinstance(value, Struct):
        table = msgspec.structs.asdict(value)
    elif isinstance(value, dict):
        table = cast("dict[str, object]", value)
    if not table:
        yield key, value
        return
    for name, one in table.items():
        yield from _leaves((*key, name), one)
