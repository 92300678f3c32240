"""What is wrong with a configuration, said so that its writer finds the place.

Every section, and every entry of a table of entries, is checked on its own: so each problem
starts with its key, and one problem does not hide another.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Final, Literal, cast, get_args, get_origin

import msgspec
from msgspec import Struct

_UNKNOWN: Final = re.compile(r"unknown field `(?P<key>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<key>[^`]*)`")
_AT: Final = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<at>[^`]*)`)?\Z", re.DOTALL)


def problems(data: object, settings: type[Struct]) -> list[str]:
    """Return what is wrong with a decoded file, each problem beginning with its key.

    Args:
        data: The decoded TOML.
        settings: A struct whose fields are structs, or dicts of structs by name.
    """
    if not isinstance(data, dict):
        return [f"expected a table, got {data!r}"]
    fields = {field.name: field.type for field in msgspec.structs.fields(settings)}
    found: list[str] = []
    for key, value in cast("dict[str, object]", data).items():
        if key not in fields:
            found.append(_no_such_key(key, list(fields)))
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


def _entry_problems(table: object, form: Any, key: str) -> list[str]:  # noqa: ANN401 - a type form
    if not isinstance(table, dict):
        return [f"{key}: expected tables such as [{key}.NAME], got {table!r}"]
    name_form, entry_form = get_args(form)
    found: list[str] = []
    for name, entry in cast("dict[str, object]", table).items():
        if _problem(name, name_form, key):
            found.append(
                f"{key}.{name}: a name begins with a letter and goes on with letters, digits, '-'"
                " and '_', at most 63 in all"
            )
        else:
            found += _problem(entry, entry_form, f"{key}.{name}")
    return found


def _problem(value: object, form: Any, key: str) -> list[str]:  # noqa: ANN401 - a type form
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        return [_explained(str(error), form, key)]
    return []


def _explained(message: str, form: Any, key: str) -> str:  # noqa: ANN401 - a type form
    """Turn the library's message into one that begins with the key."""
    unknown = _UNKNOWN.search(message)
    if unknown is not None:
        return f"{key}.{_no_such_key(unknown['key'], list(form.__struct_fields__))}"
    missing = _MISSING.search(message)
    if missing is not None:
        return f"{key}.{missing['key']}: is missing"
    found = _AT.match(message)
    if found is None:
        return f"{key}: {message}"
    reason = found["reason"].replace("`object`", "a table").replace("`", "")
    reason = f"{reason[0].lower()}{reason[1:]}"
    if not found["at"]:
        return f"{key}: {reason}"
    return f"{key}.{found['at']}: {reason}{_choices(form, found['at'])}"


def _no_such_key(key: str, known: list[str]) -> str:
    return f"{key}: there is no such key{suggestion(key, known)}"


def _choices(form: Any, name: str) -> str:  # noqa: ANN401 - a type form
    """Return the values that a field may have, if they can be listed."""
    for field in msgspec.structs.fields(form):
        plain = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
        if field.name == name and get_origin(plain) is Literal:
            return f"; known are {', '.join(map(str, get_args(plain)))}"
    return ""
