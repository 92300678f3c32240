"""What Prometheus is shown of guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.metrics.families import counters, gauges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from stationd.proto.guard_requests import GuardState


def guard_metrics(guards: Sequence[GuardState]) -> Iterator[Metric]:
    """Yield the families of the guards."""
    yield gauges(
        "stationd_guard_holds",
        "Whether a guard lets nothing begin at its targets.",
        "guard",
        {one.name: one.holds for one in guards},
    )
    yield gauges(
        "stationd_guard_reading",
        "The last reading of a guard's readout.",
        "guard",
        {
            one.name: float(one.value)
            for one in guards
            if one.value is not None and not isinstance(one.value, str)
        },
    )
    yield gauges(
        "stationd_guard_read_timestamp_seconds",
        "When a guard's readout was read last; 0 for never.",
        "guard",
        {one.name: one.read_unix_s or 0.0 for one in guards},
    )
    yield counters(
        "stationd_guard_aborts",
        "Jobs that a guard has brought to rest.",
        ("guard",),
        (((one.name,), one.aborted) for one in guards),
    )
