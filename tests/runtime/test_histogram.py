from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import HistogramMetricFamily

from stationd.runtime.histogram import PlainHistogram

BOUNDS = (0.001, 0.5, 2.0, 10.0)


@given(st.lists(st.floats(min_value=0, max_value=100) | st.sampled_from(BOUNDS)))
def test_it_tells_what_prometheus_own_histogram_tells(values: list[float]) -> None:
    ours = PlainHistogram(BOUNDS)
    theirs = Histogram("h", "text", buckets=BOUNDS, registry=CollectorRegistry())
    for value in values:
        ours.observe(value)
        theirs.observe(value)
    family = HistogramMetricFamily("h", "text")
    ours.add_to(family)

    def told(samples: list[tuple[str, dict[str, str], float]]) -> dict[tuple[str, str], float]:
        return {(name, labels.get("le", "")): value for name, labels, value in samples}

    wanted = [
        (sample.name, sample.labels, sample.value)
        for sample in next(iter(theirs.collect())).samples
        if not sample.name.endswith("_created")
    ]
    assert told([(one.name, one.labels, one.value) for one in family.samples]) == told(wanted)
