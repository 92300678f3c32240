"""Curves and heat maps show what is in a sweep; whether they look good is for people to say."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stationd import SweepData, plot
from stationd.proto.error import RequestError
from tests.client.pictures.drawn import labels


def decay(*shape: int) -> SweepData:
    """A sweep over `source.delay`, and over `source.amplitude` if the shape has two dimensions."""
    axes: dict[str, NDArray[np.generic]] = {"source.delay": np.linspace(0.0, 1e-4, shape[-1])}
    if len(shape) > 1:
        axes["source.amplitude"] = np.linspace(0.1, 0.5, shape[0])
    return SweepData(
        axes=axes,
        dimensions={"source.delay": len(shape) - 1, "source.amplitude": 0}
        if len(shape) > 1
        else {"source.delay": 0},
        arrays={"readout.population": np.ones(shape)},
        units={"source.delay": "s", "source.amplitude": "V"},
        spots_done=int(np.prod(shape)),
    )


def test_sweep_draws_a_series_for_each_step_of_the_slower_setting() -> None:
    axes = plot.sweep(decay(3, 11))
    assert len(axes.lines) == 3
    assert labels(axes)[1:] == ["source.amplitude = 0.3 V", "source.amplitude = 0.5 V"]


def test_sweep_draws_a_fit_through_its_points() -> None:
    axes = plot.sweep(decay(11), fits=[lambda t: 2 * t])
    _points, fit = axes.lines
    x, y = (np.asarray(values) for values in fit.get_data())
    assert np.array_equal(y, 2 * x)
    assert x.max() == 1e-4


def test_sweep_draws_on_the_axes_that_it_is_given() -> None:
    axes = Figure().add_subplot()
    assert plot.sweep(decay(5), axes=axes) is axes


@pytest.mark.parametrize(
    ("data", "readout", "fits", "message"),
    [
        (decay(5), "readout.s21", 0, "no readout 'readout.s21'; it has readout.population"),
        (decay(3, 5), "", 2, "there are 3 series and 2 fits"),
        (decay(30, 5), "", 0, "30 series are too many"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(
    data: SweepData, readout: str, fits: int, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        plot.sweep(data, readout, fits=[np.sin] * fits)


def test_what_is_no_sweep_is_refused_with_what_would_be_one() -> None:
    with pytest.raises(RequestError, match="what is drawn is SweepData, as `download_result` ret"):
        plot.sweep("population")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_traces_are_not_drawn_as_points() -> None:
    data = decay(5)
    data.arrays["readout.trace"] = np.ones((5, 64))
    with pytest.raises(RequestError, match="one number per spot can be drawn"):
        plot.sweep(data, "readout.trace")


def test_a_heat_map_has_the_fastest_setting_across() -> None:
    axes = plot.heat_map(decay(3, 11))
    (mesh,) = axes.collections
    array = mesh.get_array()
    assert array is not None
    assert np.asarray(array).shape == (3, 11)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("source.delay", "source.amplitude")


def resonance() -> SweepData:
    """A sweep along one setting, whose readings are complex traces."""
    data = decay(5)
    data.arrays["vna.s21"] = np.full((5, 11), 3 + 4j)
    data.arrays["vna.frequency"] = np.tile(np.linspace(6e9, 7e9, 11), (5, 1))
    return data


def test_a_heat_map_of_traces_runs_along_what_the_instrument_said() -> None:
    axes = plot.heat_map(resonance(), "vna.s21", along="vna.frequency")
    (mesh,) = axes.collections
    assert np.array_equal(np.asarray(mesh.get_array()), np.full((5, 11), 5.0))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("vna.frequency", "source.delay")
    # Half a step on either side.
    assert axes.get_xlim() == pytest.approx((5.95e9, 7.05e9))
    counted = plot.heat_map(resonance(), "vna.s21")
    assert counted.get_xlabel() == "number in the trace"
    assert counted.get_xlim()[1] < 11


def test_places_that_differ_from_trace_to_trace_are_refused() -> None:
    data = resonance()
    data.arrays["vna.frequency"] = np.arange(55.0).reshape(5, 11)
    for along in ("vna.frequency", "readout.population"):
        with pytest.raises(RequestError, match=f"{along} does not say of every trace"):
            plot.heat_map(data, "vna.s21", along=along)


def test_decibels_get_no_thousandths() -> None:
    data = decay(5)
    data.units["readout.population"] = "dBm"
    axes = plot.sweep(data)
    axes.figure.canvas.draw()
    assert axes.get_ylabel() == "readout.population (dBm)"
    assert not any("dBm" in label.get_text() for label in axes.get_yticklabels())
    assert any(label.get_text().endswith("µs") for label in axes.get_xticklabels())


def test_complex_readings_are_drawn_as_their_magnitude() -> None:
    data = decay(5)
    data.arrays["vna.s21"] = np.full(5, 3 + 4j)
    axes = plot.sweep(data, "vna.s21")
    assert axes.get_ylabel() == "|vna.s21|"
    assert np.array_equal(np.asarray(axes.lines[0].get_ydata()), np.full(5, 5.0))


def test_a_heat_map_takes_two_dimensions() -> None:
    with pytest.raises(RequestError, match="has 1 dimensions"):
        plot.heat_map(decay(11))
