"""Which calibration set each target uses by default, and until when that is fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.proto.calibration import CalibrationSet
    from stationd.runtime.journal.interface import Queries


class Chosen(Struct, frozen=True):
    """A target's default set."""

    id: str
    expires_unix_s: float | None = None
    """None if it never does."""

    def expired(self, now_unix_s: float) -> bool:
        """Whether it is fresh no longer."""
        return self.expires_unix_s is not None and self.expires_unix_s <= now_unix_s


class CalibrationDefaults:
    """The default sets, kept in memory so that most jobs need not ask the journal."""

    def __init__(self) -> None:
        self._defaults: dict[str, Chosen] = {}
        self._changed = anyio.Event()

    async def load(self, queries: Queries, targets: Iterable[str]) -> None:
        """Learn what was chosen before this start."""
        for target in targets:
            chosen = await queries.default_calibration(target)
            stored = None if chosen is None else await queries.calibration(chosen)
            if stored is not None:
                self.use(stored)

    def default(self, target: str) -> str | None:
        """Return the id of a target's default set, or None."""
        chosen = self._defaults.get(target)
        return None if chosen is None else chosen.id

    def chosen(self, target: str) -> Chosen | None:
        """Return a target's default set, or None."""
        return self._defaults.get(target)

    def use(self, stored: CalibrationSet) -> None:
        """Take note of a choice that is on disk."""
        self._defaults[stored.target] = Chosen(stored.id, stored.expires_unix_s)
        self._changed.set()
        self._changed = anyio.Event()

    async def changed(self) -> None:
        """Return when a target has another default set."""
        await self._changed.wait()
