"""Reading TOML files strictly: whatever is wrong names the file, the key and the reason."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from typing import TypeVar

import msgspec

from stationd.proto.error import ErrorCode, ErrorInfo, Problem, RequestError

T = TypeVar("T")


def wrong(source: str, key: str, message: str) -> RequestError:
    """Return the error, not raised, about one key of a file."""
    problem = Problem(message, field=key or None)
    return RequestError(
        ErrorInfo(ErrorCode.INVALID_REQUEST, f"{source} cannot be used", (problem,))
    )


def parse(text: str, source: str) -> dict[str, object]:
    """Return the content of a file.

    Raises:
        RequestError: It is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise wrong(source, "", f"not TOML: {error}") from error


def check_keys(
    table: dict[str, object], known: Collection[str], source: str, place: str = ""
) -> None:
    """Return if a table has no other keys than those that are known.

    Raises:
        RequestError: It has.
    """
    for key in table:
        if key not in known:
            raise wrong(source, f"{place}{key}", f"unknown; known are {', '.join(sorted(known))}")


def entry(
    table: dict[str, object], key: str, kind: type[T], source: str, *, place: str = "", default: T
) -> T:
    """Return a value of a table, or the default if the key is absent.

    Raises:
        RequestError: The value is of another kind.
    """
    return default if key not in table else of_kind(table[key], kind, f"{place}{key}", source)


def of_kind(value: object, kind: type[T], key: str, source: str) -> T:
    """Return a value if it is of a kind; a whole number is a number too.

    Raises:
        RequestError: It is not.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise wrong(source, key, _reason(error)) from error


def _reason(error: msgspec.ValidationError) -> str:
    text, _, _ = str(error).partition(" - at `")
    return text[:1].lower() + text[1:].replace("`", "")
