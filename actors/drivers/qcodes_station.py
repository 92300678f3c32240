"""Any QCoDeS station file as a controller: what its instruments have, jobs can set and read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from stationd.actors.driver import SettingsDriver
from stationd.actors.drivers import qcodes_parameters
from stationd.actors.drivers.qcodes_rack import Rack
from stationd.proto.error import InstrumentError
from stationd.proto.program import Capabilities, SettingValue, SweepWork, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

_MOST_NAMED: Final = 20
"""A rack of instruments has hundreds that are left out."""
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class QcodesStation(SettingsDriver):
    """The instruments of a QCoDeS station file.

    Args:
        station: The station file.
        instruments: Those to open; none for all.
        timeout: Seconds for one answer over VISA; None for what the station file says.
        include: Patterns of dotted names that jobs may use, as in ``vna.*``.
        exclude: Patterns of those that they may not.
    """

    def __init__(
        self,
        *,
        station: str,
        instruments: tuple[str, ...] = (),
        timeout: Seconds | None = None,
        include: tuple[str, ...] = ("*",),
        exclude: tuple[str, ...] = (),
    ) -> None:
        self._rack = Rack(Path(station), instruments, timeout)
        try:
            self._offer(include, exclude)
        except BaseException:
            self._rack.close()
            raise

    def describe(self) -> Capabilities:
        """Offer what was discovered."""
        return Capabilities(
            settings=tuple(self._settings.values()), readouts=tuple(self._readouts.values())
        )

    def prepare(self, work: Work) -> None:
        """Open instruments anew that had trouble, if the work needs them."""
        if isinstance(work, SweepWork):
            set_once = [name for name, _ in work.settings]
            moved = [move.setting for move in work.moves]
            self._rack.restore([*set_once, *moved, *work.returns])

    def snapshot(self) -> Mapping[str, SettingValue | None]:
        """Return what QCoDeS remembers of all settings; no instrument is asked."""
        known = self._rack.parameters
        return {
            name: qcodes_parameters.remembered(known[name])
            for name in self._settings
            if name in known
        }

    def set(self, name: str, value: SettingValue) -> None:
        """Set one parameter, once its validators have let the value pass."""
        if name not in self._settings:
            raise InstrumentError(f"there is no setting {name!r}")
        self._rack.find(name).validate(value)
        with self._rack.speaking(name) as parameter:
            parameter.set(value)

    def read(self, name: str) -> ArrayLike:
        """Ask for one parameter."""
        if name not in self._readouts:
            raise InstrumentError(f"there is no readout {name!r}")
        # A guard's reading is no job's: nothing has opened the instrument for it.
        self._rack.restore([name])
        with self._rack.speaking(name) as parameter:
            return qcodes_parameters.reading(parameter.get(), self._readouts[name])

    def close(self) -> None:
        """Close all instruments."""
        self._rack.close()

    def _offer(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        wanted, unwanted = _pattern(include), _pattern(exclude)
        chosen = {
            name: parameter
            for name, parameter in self._rack.parameters.items()
            if wanted.fullmatch(name) and not unwanted.fullmatch(name)
        }
        settings = [qcodes_parameters.setting(*one) for one in chosen.items()]
        readouts = [qcodes_parameters.readout(*one) for one in chosen.items()]
        self._settings = {one.name: one for one in settings if one is not None}
        self._readouts = {one.name: one for one in readouts if one is not None}
        left = sorted(chosen.keys() - self._settings.keys() - self._readouts.keys())
        if left:
            more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
            names = ", ".join(left[:_MOST_NAMED])
            self.log.info("left out, for no job can set or read them: %s%s", names, more)
            self.log.debug("left out are %s", ", ".join(left))


def _pattern(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return what matches any of the patterns, in which ``*`` stands for any text.

    Brackets stand for themselves, since channels have them.

    >>> bool(_pattern(["awg.outs[1].*"]).fullmatch("awg.outs[1].voltage"))
    True
    """
    texts = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    return re.compile("|".join(texts) or "(?!)")
