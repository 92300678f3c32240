"""The log of this process: from its beginning to its end, and what may change meanwhile."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Final, Self

import msgspec

from stationd.actors.about import About
from stationd.runtime.logs.formats import DAEMON, format_of
from stationd.runtime.logs.journald import Journald, is_journal
from stationd.runtime.logs.outlet import Outlet, Said, Sink
from stationd.runtime.logs.stderr import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from stationd.runtime.logs.settings import Format, Level, Log

IDENTIFIER: Final = "stationd"
_STDERR: Final = 2
# Told by us, once and in our own words, or by nobody.
_QUIET: Final = ("opentelemetry", "urllib3")
_running: list[Logs] = []


class Logs:
    """Everything that is logged in this process while the context lasts.

    Args:
        settings: What the configuration says.
        controller: The controller whose process this is; empty for the daemon.
        level: Overrides what the configuration says, for as long as the process lives.
        form: The same for the format.
        also: What takes the lines besides; closed with the log.
    """

    def __init__(
        self,
        settings: Log,
        *,
        controller: str = "",
        level: Level | None = None,
        form: Format | None = None,
        also: Sequence[logging.Handler] = (),
    ) -> None:
        self._controller = controller
        self._level = level
        self._form = form
        self._levels: list[str] = []
        self._format = ""
        own = self._own(settings)
        self._outlet = Outlet(self._sink(own.format), About(controller=controller))
        self._settings = settings
        self._handlers = (self._outlet, *also)

    def __enter__(self) -> Self:
        logging.captureWarnings(capture=True)
        for handler in self._handlers:
            logging.getLogger().addHandler(handler)
        self.reload(self._settings)
        _running.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _running.remove(self)
        self._set_levels({})
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        logging.captureWarnings(capture=False)

    def reload(self, settings: Log) -> None:
        """Go on as other settings say: levels and format."""
        own = self._own(settings)
        if own.format != self._format:
            self._outlet.turn(self._sink(own.format))
        logging.getLogger().setLevel(own.level.upper())
        self._set_levels(dict.fromkeys(_QUIET, "critical") | own.levels)

    def statistics(self) -> Said:
        """Return what was logged so far."""
        return self._outlet.statistics()

    def _set_levels(self, levels: Mapping[str, str]) -> None:
        """Give single loggers levels of their own, and let go of those that had some."""
        for name in self._levels:
            logging.getLogger(name).setLevel(logging.NOTSET)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level.upper())
        self._levels = list(levels)

    def _own(self, settings: Log) -> Log:
        return msgspec.structs.replace(
            settings, level=self._level or settings.level, format=self._form or settings.format
        )

    def _sink(self, form: Format) -> Sink:
        self._format = form
        if form == "journald" or (form == "auto" and is_journal(_STDERR, os.environ)):
            return Journald(IDENTIFIER)
        return Stream(_STDERR, format_of(form, self._controller or DAEMON, colour=_colour()))


def reload(settings: Log) -> None:
    """Let the log of this process, if there is one, go on as other settings say."""
    for logs in _running:
        logs.reload(settings)


def statistics() -> Said:
    """Return what this process has logged so far."""
    return _running[-1].statistics() if _running else Said({}, 0)


def _colour() -> bool:
    """Return whether stderr is a terminal whose user wants colours (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stderr.isatty()
