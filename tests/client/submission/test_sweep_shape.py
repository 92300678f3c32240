"""A sweep that is put together otherwise is answered with how it is written."""

import numpy as np
import pytest

from stationd.client.submission.arguments import checked
from stationd.client.submission.sweep_shape import mistake
from stationd.proto.error import InvalidJob
from stationd.proto.job import JobSpec
from stationd.proto.program import Axis, Sweep

DELAY = Axis("source.delay", (0.0, 1e-6))
READ = ("readout.population",)


@pytest.mark.parametrize("axes", [DELAY, (DELAY,), [DELAY], (DELAY, (DELAY,))])
def test_axes_that_stand_in_no_group_are_answered_with_how_groups_are_written(
    axes: object,
) -> None:
    sweep = Sweep(axes=axes, returns=READ)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidJob, match=r"axes: .* write axes=\(\(axis,\),\) for one axis"):
        checked(JobSpec(work=sweep))


def test_one_name_of_a_readout_is_no_tuple_of_names() -> None:
    sweep = Sweep(axes=((DELAY,),), returns="readout.population")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidJob, match=r"write returns=\('readout.population',\)"):
        checked(JobSpec(work=sweep))


@pytest.mark.parametrize("values", [1e-6, "0 to 1 us", np.float64(1e-6), np.array(1e-6)])
def test_one_value_is_nothing_to_step_through(values: object) -> None:
    axis = Axis("source.delay", values)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidJob, match=r"source.delay steps through several values"):
        checked(JobSpec(work=Sweep(axes=((axis,),), returns=READ)))


def test_settings_within_settings_are_written_with_dots() -> None:
    sweep = Sweep(settings={"source": {"delay": 0.0}}, returns=READ)  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    assert mistake(sweep) == (
        "settings",
        "'source' has settings of its own: write each as 'source.SETTING'",
    )


def test_ranges_lists_and_arrays_are_good_for_values_and_groups() -> None:
    axes = [[Axis("source.pulses", range(1, 3))], [Axis("source.delay", np.linspace(0, 1e-6, 2))]]
    sweep = Sweep(axes=axes, returns=list(READ))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert checked(JobSpec(work=sweep)).work == Sweep(
        axes=((Axis("source.pulses", (1, 2)),), (DELAY,)), returns=READ
    )
