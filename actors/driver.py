"""What a controller calls to move hardware: subclass `Driver`, or `SettingsDriver` for sweeps.

Rule 1. All hooks but `abort` are called one at a time, in one thread that is not the event
        loop's: they may block.
Rule 2. `abort` is called from another thread while `run` is at work, and should make it return
        soon. Long loops in `run` can ask `execution.aborted` instead.
Rule 3. When `run` has returned or raised, the instrument is at rest.
Rule 4. A hook that raises fails the ticket it was called for and nothing else. One that raises in a
        `read` for a guard fails that reading.
"""

from __future__ import annotations

import logging
import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from stationd.proto.program import Capabilities, NullWork, SettingValue, SweepWork, Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike


class Execution(Protocol):
    """What `run` is given: where data goes, and what the daemon wants."""

    @property
    def ticket(self) -> int:
        """The number of the ticket that is being executed: it is executed once."""
        ...

    @property
    def aborted(self) -> bool:
        """Whether the daemon has asked the instrument to come to rest."""
        ...

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None:
        """Hand over raw data as soon as there is some.

        Args:
            name: A readout, or ``bits`` for a circuit's outcomes.
            values: The first dimension counts spots or shots; its dtype is kept.
            offset: The number of the first spot or shot in `values`.
            item: The item that the data belongs to.
        """
        ...

    def snapshot(self, standing: Mapping[str, SettingValue | None]) -> None:
        """Say how the instrument stands, once its settings are applied and before it measures.

        It is stored with the result, as `settings` of its metadata. One that is above 1 MiB as
        JSON is left out, and the log says so.

        Args:
            standing: Values by the settings' own names; None for one that is not known.
        """
        ...

    def progress(self, done: int, total: int, unit: str) -> None:
        """Say how far the execution has come, as often as is convenient."""
        ...

    def steps(self, work: SweepWork) -> Iterator[tuple[int, Literal["set", "read"]]]:
        """Yield what is due next: a spot, and whether to set or to read there.

        A sweep within one controller gets all spots one after another: set, then read. In a
        paced sweep steps wait for the daemon's word, and asking for the next one reports the last
        as done; where no axis of this controller has stepped, to set there may be left out. Ends
        early when the execution is aborted.
        """
        ...


class Driver:
    """A controller's access to its instruments, with safe defaults for every hook but two.

    The options are what the configuration says under ``[controllers.NAME.options]``.

    Raises:
        TypeError: There are options, and the driver declares none.
    """

    runs_while_preparing: bool = False
    """Whether `prepare` of the next ticket may be called while `run` is at work, then from a
    thread of its own."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - each driver declares its own
        if options:
            unknown = ", ".join(sorted(options))
            raise TypeError(f"{type(self).__name__} does not know the options {unknown}")

    @property
    def log(self) -> logging.Logger:
        """The driver's log. What a hook writes there belongs to the job it was called for."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    @abstractmethod
    def describe(self) -> Capabilities:
        """Return what the controller offers; asked once, when it starts."""
        raise NotImplementedError

    def prepare(self, work: Work) -> None:
        """Upload what can be uploaded before the ticket's turn. Raise to refuse the work."""

    @abstractmethod
    def run(self, work: Work, execution: Execution) -> None:
        """Execute the work and hand its data to `execution`; return with all at rest."""
        raise NotImplementedError

    def abort(self) -> None:
        """Make a `run` that is at work return soon. Called from another thread."""

    def read(self, name: str) -> ArrayLike:
        """Take one reading that belongs to no job, for a guard; called between two tickets."""
        raise NotImplementedError(f"{type(self).__name__} takes no readings outside of jobs")

    def close(self) -> None:
        """Bring everything to rest and let go of it; the last call."""


class SettingsDriver(Driver):
    """A driver for instruments with settings and readouts; sweeps come for free.

    Subclasses say what they offer in `describe`, and implement `set` and `read`.
    """

    _has_set: dict[str, SettingValue] | None = None

    @abstractmethod
    def set(self, name: str, value: SettingValue) -> None:
        """Apply one setting."""
        raise NotImplementedError

    @abstractmethod
    def read(self, name: str) -> ArrayLike:
        """Take one reading: a scalar, or an array of the declared shape."""
        raise NotImplementedError

    def snapshot(self) -> Mapping[str, SettingValue | None]:
        """Return how the instrument stands, from memory: what has been set since it was made.

        Asked in every sweep, once its settings are applied. Override it if more is known.
        """
        return dict(self._has_set or {})

    def run(self, work: Work, execution: Execution) -> None:
        """Run a sweep: settings first, then set and read at every spot in C order.

        Raises:
            TypeError: The work is circuits, which settings do not make.
        """
        if isinstance(work, NullWork):
            return
        if not isinstance(work, SweepWork):
            raise TypeError(f"{type(self).__name__} runs sweeps, not {type(work).__name__}")
        for name, value in work.settings:
            self._apply_setting(name, value)
        if found := self.snapshot():
            execution.snapshot(found)
        standing: dict[str, SettingValue] = {}
        for spot, phase in execution.steps(work):
            if phase == "set":
                self._move(work, spot, standing)
                continue
            for name in work.returns:
                execution.data(name, np.asarray(self.read(name))[np.newaxis], offset=spot)
            execution.progress(spot + 1, work.spots, "spots")

    def _move(self, work: SweepWork, spot: int, standing: dict[str, SettingValue]) -> None:
        # Instruments are slow: what stands already is not set again.
        for move in work.moves:
            # Spots are numbered in C order: an axis steps when all behind it have gone round.
            behind = math.prod(work.shape[move.axis + 1 :])
            value = move.values[spot // behind % len(move.values)]
            if move.setting not in standing or standing[move.setting] != value:
                self._apply_setting(move.setting, value)
                standing[move.setting] = value

    def _apply_setting(self, name: str, value: SettingValue) -> None:
        self.set(name, value)
        if self._has_set is None:
            self._has_set = {}
        self._has_set[name] = value
