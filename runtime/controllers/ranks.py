"""Which controllers start before which, by the configuration and by what they say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from stationd.actors.execution.start_order import Rank
    from stationd.proto.program import Capabilities


class Ranks:
    """The order in which controllers start.

    Args:
        groups: The number of each controller's group.
        offers: Tells what each controller offers; None if it never said.
    """

    def __init__(
        self, groups: Mapping[str, int], offers: Callable[[], Mapping[str, Capabilities | None]]
    ) -> None:
        self._groups = groups
        self._offers = offers

    def of(self, controllers: Collection[str]) -> Mapping[str, Rank]:
        """Return the ranks of the controllers of one ticket; none if it has one alone."""
        if len(controllers) < 2:  # noqa: PLR2004 - one has nobody to wait for
            return {}
        offers = self._offers()
        return {name: (_fires(offers.get(name)), self._groups.get(name, 0)) for name in controllers}


def _fires(offered: Capabilities | None) -> bool:
    return offered is not None and offered.trigger_master
