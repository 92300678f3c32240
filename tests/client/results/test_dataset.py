"""A sweep as labelled arrays."""

import numpy as np

from stationd.client.results.dataset import dataset


def test_dimensions_are_named_for_what_runs_along_them_and_units_are_kept() -> None:
    found = dataset(
        {"s.delay": np.array([0.0, 1.0]), "s.power": np.array([1, 2])},
        {"s.delay": 0, "s.power": 0},
        {"a.trace": np.zeros((2, 3))},
        {"s.delay": "s", "a.trace": "V"},
        {"spots_done": 2},
    )
    assert found["a.trace"].dims == ("s.delay", "a.trace_0")
    assert found["a.trace"].attrs["units"] == "V"
    assert found["s.delay"].attrs["units"] == "s"
    assert found["s.power"].dims == ("s.delay",)
    assert found.attrs["spots_done"] == 2
