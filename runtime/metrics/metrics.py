"""The station's metrics: what is counted, and the registry that Prometheus' library asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from stationd.runtime.metrics.counts import Counts
from stationd.runtime.metrics.exposition import Exposition
from stationd.runtime.metrics.host import Host

if TYPE_CHECKING:
    from collections.abc import Sequence


class Metrics(Counts):
    """What is counted of a station, and shown to Prometheus.

    Args:
        controllers: The configured controllers.
    """

    def __init__(self, controllers: Sequence[str]) -> None:
        super().__init__(controllers)
        self.registry = CollectorRegistry()
        """What the daemon knows itself: asking it touches no file."""
        self.registry.register(Exposition(self))

    def with_host(self) -> CollectorRegistry:
        """Return a registry that asks the host, too."""
        registry = CollectorRegistry()
        registry.register(Exposition(self))
        registry.register(Host(self))
        return registry
