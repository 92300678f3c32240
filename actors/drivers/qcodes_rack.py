"""The instruments of a QCoDeS station file: opened, named, and not trusted after trouble.

Rule 1. Whatever went wrong while an instrument was spoken to, it is not spoken to again before
        it was closed and opened anew: a reply that comes late would answer the next question.
Rule 2. What is refused before it reaches the instrument leaves it as trusted as it was.
"""

from __future__ import annotations

import gc
import importlib
import logging
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stationd.actors.drivers.qcodes_parameters import Module, Parameter, walk
from stationd.proto.error import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

_log = logging.getLogger(__name__)


class Instrument(Module, Protocol):
    """What is used of a QCoDeS instrument besides its parameters."""

    def close(self) -> None:
        """Let go of the connection and of the name."""
        ...

    def remove_instance(self, instance: Instrument) -> None:
        """Let go of the name."""
        ...


class _Station(Protocol):
    """What is used of a QCoDeS station."""

    config: Mapping[str, Mapping[str, object]] | None
    components: dict[str, Instrument]

    def load_instrument(self, identifier: str, *, update_snapshot: bool) -> Instrument: ...


class _Registry(Protocol):
    """QCoDeS' own list of all open instruments of the process."""

    def exist(self, name: str) -> bool: ...

    def find_instrument(self, name: str) -> Instrument: ...


class Rack:
    """Some instruments of a station file.

    Args:
        file: The station file, as QCoDeS reads it.
        names: Which instruments to open; none for all.
        timeout: Seconds for one answer over VISA; None leaves what the file and the
            instruments' drivers say.

    Raises:
        InstrumentError: QCoDeS is not installed, the file is not there or has no such
            instrument, or an instrument could not be opened. All are closed then.
    """

    def __init__(self, file: Path, names: Sequence[str] = (), timeout: float | None = None) -> None:
        self._station, self._registry = _load(file)
        self._timeout = timeout
        self._instruments: dict[str, Instrument] = {}
        self._parameters: dict[str, Parameter] = {}
        self._distrusted: set[str] = set()
        try:
            for name in names or self._known():
                self._open(name)
        except BaseException:
            self.close()
            raise

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """All parameters, by dotted name; the instrument's own name comes first."""
        return self._parameters

    def find(self, name: str) -> Parameter:
        """Return a parameter that can be used.

        Raises:
            InstrumentError: Its instrument is not trusted, or has no such parameter.
        """
        instrument = name.partition(".")[0]
        if instrument in self._distrusted:
            raise InstrumentError(f"the instrument {instrument!r} had trouble and is not open")
        parameter = self._parameters.get(name)
        if parameter is None:
            raise InstrumentError(f"the instrument {instrument!r} has no {name!r} any more")
        return parameter

    @contextmanager
    def speaking(self, name: str) -> Generator[Parameter]:
        """Speak to the instrument that a parameter belongs to; trouble makes it distrusted.

        Raises:
            InstrumentError: There was trouble; or as `find` does.
        """
        parameter = self.find(name)
        try:
            yield parameter
        except BaseException as error:
            instrument = name.partition(".")[0]
            self._distrusted.add(instrument)
            if not isinstance(error, Exception):
                raise
            raise InstrumentError(
                f"{name}: {_words(error)}; the instrument {instrument!r} is opened"
                " anew before the next job that needs it"
            ) from error

    def restore(self, names: Iterable[str]) -> None:
        """Open anew what is not trusted.

        Args:
            names: Of the parameters that are needed.

        Raises:
            InstrumentError: An instrument does not come back.
        """
        for instrument in sorted({name.partition(".")[0] for name in names} & self._distrusted):
            # The old connection is not cleared first: a dead one may keep its caller for ever.
            self._shut(instrument)
            self._open(instrument)
            self._distrusted.discard(instrument)
            _log.info("the instrument %r is open again", instrument)

    def close(self) -> None:
        """Close all instruments, also those that object."""
        for name in list(self._instruments):
            self._shut(name)

    def _known(self) -> list[str]:
        return list((self._station.config or {}).get("instruments", {}))

    def _open(self, name: str) -> None:
        known = self._known()
        if name not in known:
            raise InstrumentError(
                f"the station file has no instrument {name!r}; there are {', '.join(known)}"
            )
        try:
            # A snapshot would ask the instrument for all it has.
            instrument = self._station.load_instrument(name, update_snapshot=False)
            self._instruments[name] = instrument
            if self._timeout is not None and hasattr(instrument, "visa_handle"):
                instrument.parameters["timeout"].set(self._timeout)
            self._parameters.update(walk(name, instrument))
            return
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            problem = _words(error)
            _log.info("the instrument %r did not open:\n%s", name, traceback.format_exc())
        # Now that nothing holds the traceback, which holds what the constructor had opened.
        self._clear_away(name)
        raise InstrumentError(
            f"the instrument {name!r} cannot be opened: {problem}; look at its power, its cable"
            " and its address"
        )

    def _clear_away(self, name: str) -> None:
        """Close what is left of an instrument that did not open: some take one connection."""
        self._shut(name)
        if self._registry.exist(name):
            _close(name, self._registry.find_instrument(name))
        # Instruments and their parameters hold each other.
        gc.collect()

    def _shut(self, name: str) -> None:
        instrument = self._instruments.pop(name, None)
        if instrument is None:
            return
        self._parameters = {
            parameter: one
            for parameter, one in self._parameters.items()
            if parameter.partition(".")[0] != name
        }
        for key, component in list(self._station.components.items()):
            if component is instrument:
                del self._station.components[key]
        _close(name, instrument)


def _words(error: Exception) -> str:
    """Return what an exception says; QCoDeS adds to its arguments what it was about to do."""
    return f"{type(error).__name__}: {', '.join(map(str, error.args))}"


def _close(name: str, instrument: Instrument) -> None:
    try:
        instrument.close()
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        _log.warning("the instrument %r did not close: %s", name, error)
        # Its name must be free, for it is global.
        instrument.remove_instance(instrument)


def _load(file: Path) -> tuple[_Station, _Registry]:
    try:
        module = importlib.import_module("qcodes.station")
        registry: _Registry = importlib.import_module("qcodes.instrument").Instrument
    except ModuleNotFoundError as error:
        raise InstrumentError(
            f"{error.msg}: it needs the extra 'qcodes', as in pip install 'stationd[qcodes]'"
        ) from error
    if not file.is_file():
        raise InstrumentError(f"there is no station file {str(file)!r}")
    try:
        station: _Station = module.Station(
            config_file=str(file), default=False, use_monitor=False, update_snapshot=False
        )
    except Exception as error:
        raise InstrumentError(
            f"the station file {str(file)!r} cannot be read: {_words(error)}"
        ) from error
    return station, registry
