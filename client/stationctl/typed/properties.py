"""Properties of jobs, as people type them: ``NAME=VALUE``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from stationd.proto.project import PropertyValue

F = TypeVar("F", bound=Callable[..., Any])


def property_of(text: str) -> tuple[str, PropertyValue]:
    """Return the name and the value of a property.

    A value that reads as true, false or a number is one; quotes make a text of it.

    >>> [property_of(text) for text in ("run=7", "chip=A1", 'run="7"', "good=true")]
    [('run', 7), ('chip', 'A1'), ('run', '7'), ('good', True)]

    Raises:
        ValueError: There is no name, or no ``=``.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(text)
    try:
        read: object = json.loads(value)
    except ValueError:
        return name, value
    return name, read if isinstance(read, bool | int | float | str) else value


def properties_option(text: str) -> Callable[[F], F]:
    """Add ``--property``, which may be repeated."""

    def read(
        _: click.Context, __: click.Parameter, given: tuple[str, ...]
    ) -> dict[str, PropertyValue]:
        try:
            return dict(property_of(one) for one in given)
        except ValueError as error:
            raise click.BadParameter(f"{str(error)!r} is not of the form NAME=VALUE") from None

    def add(command: F) -> F:
        return click.option(
            "--property",
            "properties",
            metavar="NAME=VALUE",
            multiple=True,
            callback=read,
            help=text,
        )(command)

    return add
