"""A result that is larger than what a client keeps in memory, through real processes."""

from collections.abc import Callable

import numpy as np

from stationd import Axis, Sweep, SweepData, jobs
from stationd.client.results.download import MOST_KEPT_BYTES
from tests.end_to_end.station import PATIENCE, Station, on_asyncio

SCOPE = """
[controllers.scope]
driver = "benchmarks.settable:Settable"
"""
"""It reads traces of one MiB, and takes no time for it."""
SPOTS = MOST_KEPT_BYTES // 2**20


@on_asyncio
def test_a_large_result_is_the_instruments_and_can_be_written_to(
    new_station: Callable[..., Station],
) -> None:
    new_station(SCOPE).start().wait_connected("scope")
    axis = Axis("scope.x", tuple(float(spot) for spot in range(SPOTS)))
    job = jobs.submit(sweep=Sweep(axes=((axis,),), returns=("scope.trace",)))
    jobs.wait_for(job, timeout=PATIENCE)
    (found,) = jobs.results(job)
    assert isinstance(found, jobs.ResultRef)
    assert found.artifact.size_bytes > MOST_KEPT_BYTES
    data = found.download_result()
    assert isinstance(data, SweepData)
    traces = data["scope.trace"]
    assert traces.shape == (SPOTS, 2**17)
    for spot in range(SPOTS):
        assert np.array_equal(traces[spot], np.arange(2**17) + float(spot))
    traces[:] = 0.0
