"""What is wrong with a configuration, said so that its writer finds the place.

Every key is checked on its own: so each problem has its key, and one problem does not hide another.
"""

from __future__ import annotations

import difflib
import re
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, cast, get_args, get_origin

import msgspec
from msgspec import Struct

from stationd.runtime.settings.keys import dotted

_TYPES: Final = re.compile(r"`(?P<types>[a-z| ]+)`")
_WORDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""What the library's names of types are called by people who write TOML."""
_QUOTED_NUMBER: Final = re.compile(r"^expected (a|a whole) number\b.*, got a text\Z")


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
    return _table_problems(cast("dict[str, object]", data), settings, "")


def suggestion(name: str, known: list[str]) -> str:
    """Return what may have been meant, to be put behind a message."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""


def _table_problems(table: dict[str, object], form: type[Struct], key: str) -> list[Problem]:
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    found: list[Problem] = []
    for name, value in table.items():
        if name in fields:
            found += _problem(value, fields[name].type, _below(key, name))
        else:
            reason = f"there is no such key{suggestion(name, list(fields))}"
            found.append(Problem(_below(key, name), reason))
    missing = [name for name, field in fields.items() if field.required and name not in table]
    return [*found, *(Problem(_below(key, name), "is missing") for name in missing)]


def _entry_problems(table: object, form: Any, key: str) -> list[Problem]:  # noqa: ANN401 - a type form
    if not isinstance(table, dict):
        return [Problem(key, f"expected tables such as [{key}.NAME], got {table!r}")]
    name_form, entry_form = get_args(form)
    found: list[Problem] = []
    for name, entry in cast("dict[str, object]", table).items():
        if not _problem(name, name_form, key):
            found += _problem(entry, entry_form, _below(key, name))
        elif get_origin(name_form) is Literal:
            reason = f"there is no such key{suggestion(name, list(get_args(name_form)))}"
            found.append(Problem(_below(key, name), reason))
        else:
            reason = (
                "a name begins with a letter and goes on with letters, digits, '-' and '_', at"
                " most 63 in all"
            )
            found.append(Problem(_below(key, name), reason))
    return found


def _problem(value: object, form: Any, key: str) -> list[Problem]:  # noqa: ANN401 - a type form
    struct = _struct_of(form)
    if struct is not None and isinstance(value, dict):
        return _table_problems(cast("dict[str, object]", value), struct, key)
    if get_origin(form) is dict and _struct_of(get_args(form)[1]) is not None:
        return _entry_problems(value, form, key)
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        return [_explained(str(error), form, key)]
    return []


def _struct_of(form: Any) -> type[Struct] | None:  # noqa: ANN401 - a type form
    """Return the struct that a field holds, if it may be missing too; None if it holds none."""
    forms = get_args(form) if get_origin(form) in {Union, UnionType} else (form,)
    return next((one for one in forms if isinstance(one, type) and issubclass(one, Struct)), None)


def _below(key: str, name: str) -> str:
    return f"{key}.{dotted((name,))}" if key else dotted((name,))


def _explained(message: str, form: Any, key: str) -> Problem:  # noqa: ANN401 - a type form
    """Turn the library's message into one that has the key apart, in words."""
    said, _, at = message.partition(" - at `$")
    reason = _TYPES.sub(lambda types: _worded(types["types"]), said)
    reason = f"{reason[0].lower()}{reason[1:]}{_choices(form)}"
    if _QUOTED_NUMBER.match(reason):
        reason += "; a number has neither quotes nor a unit"
    return Problem(f"{key}{at.rstrip('`')}", reason)


def _worded(types: str) -> str:
    return " or ".join(_WORDS.get(one, one) for one in types.split(" | ") if one != "null")


def _choices(form: Any) -> str:  # noqa: ANN401 - a type form
    """Return the values that a field, or what it holds by name, may have, if they can be listed."""
    plain = get_args(form)[-1] if get_origin(form) is dict else form
    plain = get_args(plain)[0] if get_origin(plain) is Annotated else plain
    if get_origin(plain) is Literal:
        return f"; known are {', '.join(map(str, get_args(plain)))}"
    return ""
