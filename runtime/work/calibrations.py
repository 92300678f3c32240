"""Which calibration set each target uses by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.runtime.journal.interface import Queries


class CalibrationDefaults:
    """The default sets, kept in memory so that most jobs need not ask the journal."""

    def __init__(self) -> None:
        self._defaults: dict[str, str] = {}

    async def load(self, queries: Queries, targets: Iterable[str]) -> None:
        """Learn what was chosen before this start."""
        for target in targets:
            chosen = await queries.default_calibration(target)
            if chosen is not None:
                self._defaults[target] = chosen

    def default(self, target: str) -> str | None:
        """Return the id of a target's default set, or None."""
        return self._defaults.get(target)

    def use(self, target: str, calibration_set: str) -> None:
        """Take note of a choice that is on disk."""
        self._defaults[target] = calibration_set
