"""What is wrong with a configuration, said so that its writer finds the place.

Every section, and every entry of a table of entries, is checked on its own: so each problem
has its key, and one problem does not hide another.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Final, Literal, NamedTuple, cast, get_args, get_origin

import msgspec
from msgspec import Struct

from stationd.runtime.settings.keys import dotted

_UNKNOWN: Final = re.compile(r"unknown field `(?P<key>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<key>[^`]*)`")
_AT: Final = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<at>[^`]*)`)?\Z", re.DOTALL)


class Problem(NamedTuple):
    """A key that is wrong, and why."""

    key: str
    reason: str

    def __str__(self) -> str:
        """Return both, the key first."""
        return f"{self.key}: {self.reason}" if self.key else self.reason


def problems(data: object, settings: type[Struct]) -> list[Problem]:
    """Return what is wrong with a decoded file.

    Args:
        data: The decoded TOML.
        settings: A struct whose fields are structs, or dicts of structs by name.
    """
    if not isinstance(data, dict):
        return [Problem("", f"expected a table, got {data!r}")]
    fields = {field.name: field.type for field in msgspec.structs.fields(settings)}
    found: list[Problem] = []
    for key, value in cast("dict[str, object]", data).items():
        if key not in fields:
            found.append(_no_such_key(dotted((key,)), key, list(fields)))
        elif get_origin(fields[key]) is dict:
            found += _entry_problems(value, fields[key], key)
        else:
            found += _problem(value, fields[key], key)
    return found


def suggestion(name: str, known: list[str]) -> str:
    """Return what may have been meant, to be put behind a message."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""


def _entry_problems(table: object, form: Any, key: str) -> list[Problem]:  # noqa: ANN401 - a type form
    if not isinstance(table, dict):
        return [Problem(key, f"expected tables such as [{key}.NAME], got {table!r}")]
    name_form, entry_form = get_args(form)
    found: list[Problem] = []
    for name, entry in cast("dict[str, object]", table).items():
        if _problem(name, name_form, key):
            reason = (
                "a name begins with a letter and goes on with letters, digits, '-' and '_', at"
                " most 63 in all"
            )
            found.append(Problem(dotted((key, name)), reason))
        else:
            found += _problem(entry, entry_form, dotted((key, name)))
    return found


def _problem(value: object, form: Any, key: str) -> list[Problem]:  # noqa: ANN401 - a type form
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        return [_explained(str(error), form, key)]
    return []


def _explained(message: str, form: Any, key: str) -> Problem:  # noqa: ANN401 - a type form
    """Turn the library's message into one that has the key apart."""
    unknown = _UNKNOWN.search(message)
    if unknown is not None:
        name = unknown["key"]
        return _no_such_key(f"{key}.{dotted((name,))}", name, list(form.__struct_fields__))
    missing = _MISSING.search(message)
    if missing is not None:
        return Problem(f"{key}.{missing['key']}", "is missing")
    found = _AT.match(message)
    if found is None:
        return Problem(key, message)
    reason = found["reason"].replace("`object`", "a table").replace("`", "")
    reason = f"{reason[0].lower()}{reason[1:]}"
    if not found["at"]:
        return Problem(key, reason)
    return Problem(f"{key}.{found['at']}", f"{reason}{_choices(form, found['at'])}")


def _no_such_key(key: str, name: str, known: list[str]) -> Problem:
    return Problem(key, f"there is no such key{suggestion(name, known)}")


def _choices(form: Any, name: str) -> str:  # noqa: ANN401 - a type form
    """Return the values that a field may have, if they can be listed."""
    for field in msgspec.structs.fields(form):
        plain = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
        if field.name == name and get_origin(plain) is Literal:
            return f"; known are {', '.join(map(str, get_args(plain)))}"
    return ""
