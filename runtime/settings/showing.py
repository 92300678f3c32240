"""The configuration as it is shown: what each key is, and who says so. Secrets are not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast

from msgspec import Struct

from stationd.runtime.settings.keys import Key, dotted, values
from stationd.runtime.settings.merging import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings.reading import Configuration

HIDDEN: Final = "(hidden)"
"""Stands for a secret."""

DEFAULT: Final = "default"

_SECRET: Final = re.compile(
    r"(^|[_-])(password|passwd|passphrase|pin|secret|token|(api|private|secret)[_-]?key)\Z",
    re.IGNORECASE,
)
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
"""A name and a password in front of a host."""


_Row = tuple[str, object, Source | None]
"""The last part of a key, its value, and where it was said."""


class Shown(Struct, frozen=True, omit_defaults=True):
    """A key, as it is shown."""

    key: str
    value: object
    file: str = ""
    """The file that says it; empty for a default."""
    line: int = 0


def shown(configuration: Configuration, *, defaults: bool) -> list[Shown]:
    """Return every key with its value and its source, in the order of the tables.

    Args:
        configuration: What the files say.
        defaults: Whether keys that no file says are there too.
    """
    return [
        Shown(dotted(key), _public(key, value), *(source or Source("", 0)))
        for key, value, source in _sourced(configuration)
        if defaults or source is not None
    ]


def as_toml(configuration: Configuration, *, defaults: bool) -> str:
    """Return the same as TOML that says all of it in one file, with the sources as comments."""
    tables: dict[Key, list[_Row]] = {}
    for key, value, source in _sourced(configuration):
        if source is not None or defaults:
            # A table of tables without any: its heading says so.
            table = key[:-1] or key
            rows = tables.setdefault(table, [])
            if table != key:
                rows.append((key[-1], _public(key, value), source))
    return "\n\n".join(_table(table, rows) for table, rows in tables.items())


def toml(value: object) -> str:
    r"""Return a value as TOML writes it, on one line.

    >>> toml({"a": [1, True], "b c": 'say "x"\n'})
    '{a = [1, true], "b c" = "say \\"x\\"\\n"}'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, cast('list[object]', value)))}]"
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        rows = (f"{dotted((name,))} = {toml(one)}" for name, one in table.items())
        return f"{{{', '.join(rows)}}}"
    return str(value)  # numbers, and dates of a driver's options


def _sourced(configuration: Configuration) -> Iterator[tuple[Key, object, Source | None]]:
    for key, value in values(configuration.settings).items():
        yield key, value, configuration.sources.get(key)


def _table(table: Key, rows: list[_Row]) -> str:
    said = [(_line(name, value), source) for name, value, source in rows]
    width = max((len(text) for text, _ in said), default=0)
    lines = [f"{text:<{width}}  # {source or DEFAULT}" for text, source in said]
    return "\n".join([f"[{dotted(table)}]", *lines])


def _line(name: str, value: object) -> str:
    # TOML has no word for what is not there.
    return f"# {name} is not set" if value is None else f"{dotted((name,))} = {toml(value)}"


def _public(key: Key, value: object) -> object:
    if any(_SECRET.search(part) for part in key[1:]):
        return HIDDEN
    if isinstance(value, str):
        return _IN_ADDRESS.sub(HIDDEN, value)
    if isinstance(value, (list, tuple)):
        return [_public(key, one) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        return {name: _public((*key, name), one) for name, one in table.items()}
    return value
