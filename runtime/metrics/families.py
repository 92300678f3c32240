"""Families of samples, as Prometheus' library wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.metrics_core import Metric

    from stationd.runtime.histogram import PlainHistogram


def gauge(name: str, text: str, value: float) -> Metric:
    """Return a number that goes up and down."""
    return GaugeMetricFamily(name, text, value)


def gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    """Return such numbers, by a label."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def counter(name: str, text: str, value: float) -> Metric:
    """Return a number that only grows."""
    return CounterMetricFamily(name, text, value)


def counters(
    name: str,
    text: str,
    labels: tuple[str, ...],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    """Return such numbers, by labels."""
    family = CounterMetricFamily(name, text, labels=labels)
    for keys, value in values:
        family.add_metric(keys, value)
    return family


def histograms(name: str, text: str, label: str, values: Mapping[str, PlainHistogram]) -> Metric:
    """Return how values are spread, by a label; by none if it is empty."""
    family = HistogramMetricFamily(name, text, labels=[label] if label else [])
    for key, histogram in values.items():
        histogram.add_to(family, [key] if label else [])
    return family
