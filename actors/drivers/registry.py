"""Drivers by name: those that come with stationd, and any class that can be imported."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING

import msgspec

from stationd.actors.driver import Driver
from stationd.actors.drivers.built_in import BUILT_IN
from stationd.proto.error import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_driver(name: str, options: Mapping[str, object]) -> Driver:
    """Import a driver and make one with its options.

    Args:
        name: A name of `BUILT_IN`, or ``package.module:Class``.
        options: What the configuration says; checked against the constructor's annotations.

    Raises:
        InstrumentError: The driver is not known or cannot be imported, an option is not known
            or of the wrong type, or the driver itself raised; the message says which.
    """
    driver = _find(name)
    arguments = _checked(name, driver, options)
    try:
        return driver(**arguments)
    except Exception as error:
        raise InstrumentError(
            f"the driver {name!r} did not start: {type(error).__name__}: {error}"
        ) from error


def misfit(name: str, options: Mapping[str, object]) -> str:
    """Return why a driver that comes with stationd would not take its options; empty if it would.

    Others are not looked at, for to import one might move something.
    """
    if name not in BUILT_IN:
        return ""
    try:
        _checked(name, _find(name), options)
    except InstrumentError as error:
        return str(error)
    return ""


def _find(name: str) -> type[Driver]:
    module_name, colon, class_name = BUILT_IN.get(name, name).partition(":")
    if not colon:
        known = ", ".join(map(repr, BUILT_IN))
        raise InstrumentError(
            f"no driver is called {name!r}: there are {known}, and any class as"
            " 'package.module:Class'"
        )
    try:
        found: object = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InstrumentError(f"the driver {name!r} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Driver)):
        raise InstrumentError(f"{name!r} is not a subclass of stationd.actors.driver.Driver")
    return found


def _checked(name: str, driver: type[Driver], options: Mapping[str, object]) -> dict[str, object]:
    parameters = inspect.signature(driver, eval_str=True).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        # It checks its options itself.
        return dict(options)
    unknown = ", ".join(map(repr, sorted(options.keys() - parameters.keys())))
    known = ", ".join(map(repr, parameters)) or "none at all"
    if unknown:
        raise InstrumentError(f"the driver {name!r} has no option {unknown}; it has {known}")
    missing = [
        one.name
        for one in parameters.values()
        if one.default is inspect.Parameter.empty and one.name not in options
    ]
    if missing:
        raise InstrumentError(f"the driver {name!r} needs the option {', '.join(missing)}")
    return {
        option: _converted(name, option, value, parameters[option].annotation)
        for option, value in options.items()
    }


def _converted(name: str, option: str, value: object, annotation: object) -> object:
    if annotation is inspect.Parameter.empty:
        return value
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        raise InstrumentError(f"the driver {name!r}, option {option!r}: {error}") from error
