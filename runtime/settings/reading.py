"""Reads the configuration: a main file, and drop-ins in the folder ``conf.d`` beside it.

Every error names the file, the key and the reason, and all are found before anything starts.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.proto.error import StationError
from stationd.runtime.settings.agreement import disagreements
from stationd.runtime.settings.keys import Key, dotted
from stationd.runtime.settings.lines import lines_of
from stationd.runtime.settings.merging import Layer, Source, merge
from stationd.runtime.settings.problems import Problem, problems
from stationd.runtime.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DROP_INS: Final = "conf.d"
"""The folder of the drop-ins; they are read in the order of their names."""


class SettingsError(StationError):
    """The configuration cannot be used; the message names file, key and reason."""


class Configuration(Struct, frozen=True):
    """What the files say, and which of them says what."""

    settings: Settings
    files: tuple[Path, ...]
    """The main file, and the drop-ins as they were laid over it."""
    sources: dict[Key, Source]
    """The place of each key that a file says; the others have their defaults."""


def read(path: Path) -> Configuration:
    """Read a configuration file and its drop-ins.

    Raises:
        SettingsError: One of them cannot be read, or they say something that makes no sense.
    """
    files = (path, *drop_ins(path))
    merged = merge([_layer(file) for file in files])
    settings = _checked(merged.data, str(path), merged.sources)
    return Configuration(settings, files, merged.sources)


def load(path: Path) -> Settings:
    """Read a configuration file and its drop-ins, and return what they say.

    Raises:
        SettingsError: As for `read`.
    """
    return read(path).settings


def parse(data: object, source: str) -> Settings:
    """Check what a configuration says.

    Args:
        data: The decoded TOML.
        source: The name of the file, for errors.

    Raises:
        SettingsError: It says something that makes no sense.
    """
    return _checked(data, source, {})


def drop_ins(path: Path) -> list[Path]:
    """Return the files ``conf.d/*.toml`` beside a configuration file, in the order of their names.

    Hidden ones are not among them: editors leave such behind.

    Raises:
        SettingsError: The folder cannot be read.
    """
    folder = path.parent / DROP_INS
    try:
        found = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be read: {error.strerror}") from error
    return sorted(one for one in found if one.suffix == ".toml" and not one.name.startswith("."))


def _layer(file: Path) -> Layer:
    try:
        text = file.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from error
    return Layer(str(file), data, lines_of(text))


def _checked(data: object, main: str, sources: Mapping[Key, Source]) -> Settings:
    found = problems(data, Settings)
    if not found:
        settings = msgspec.convert(data, Settings)
        found = disagreements(settings)
        if not found:
            return settings
    places = {dotted(key): source for key, source in sources.items()}
    raise SettingsError("; ".join(_told(found, main, places)))


def _told(found: list[Problem], main: str, places: Mapping[str, Source]) -> list[str]:
    """Return the problems as text, each file named once for those that follow one another."""
    told: list[str] = []
    last = ""
    for problem in found:
        source = _place(problem.key, places) or Source(main, 0)
        line = f"line {source.line}: " if source.line else ""
        file = "" if source.file == last else f"{source.file}: "
        last = source.file
        told.append(f"{file}{line}{problem}")
    return told


def _place(key: str, places: Mapping[str, Source]) -> Source | None:
    """Return where a key was said, or else the table or entry that it is in."""
    while key:
        if key in places:
            return places[key]
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return None
