"""What Prometheus is shown of what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.metrics.families import gauges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from stationd.runtime.limits.quotas import Use


def project_metrics(uses: Sequence[Use]) -> Iterator[Metric]:
    """Yield the families of projects with a quota."""
    yield gauges(
        "stationd_project_result_bytes",
        "What the results of a project with a quota take up; of the hundred fullest.",
        "project",
        {use.name: use.used_bytes for use in uses},
    )
    yield gauges(
        "stationd_project_quota_bytes",
        "What they may take up.",
        "project",
        {use.name: use.quota_bytes for use in uses},
    )
