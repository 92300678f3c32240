"""Pictures show what is in the results; whether they look good is for people to say."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

import sys
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from stationd import JobExecutorStatus, JobView, SweepData, TimelineEntry, plot
from stationd.client.pictures.plot import rarest_together
from stationd.client.pictures.spans import Span, spans
from stationd.proto.error import RequestError
from stationd.proto.job import JobId

S = JobExecutorStatus


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    mpl.use("agg")
    yield
    plt.close("all")


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


def timeline(*facts: tuple[JobExecutorStatus, float], cancelling: int = 99) -> list[TimelineEntry]:
    """Statuses and their times; from the fact with the number `cancelling` on, a cancel holds."""
    return [
        TimelineEntry(
            seq=number,
            ordinal=number + 1,
            attempt=1,
            status=status,
            time_unix_s=moment,
            cancelling=number >= cancelling and not status.is_terminal,
        )
        for number, (status, moment) in enumerate(facts)
    ]


def job(name: str, entries: list[TimelineEntry]) -> JobView:
    return JobView(
        id=JobId("5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1"),
        number=1,
        kind="circuits",
        target="qpu",
        status=entries[-1].status,
        attempt=1,
        created_unix_s=entries[0].time_unix_s,
        modified_unix_s=entries[-1].time_unix_s,
        seq=entries[-1].seq,
        name=name,
        timeline=tuple(entries),
    )


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def labels(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend is not None else []


def test_histogram_has_a_bar_for_each_outcome() -> None:
    axes = plot.histogram({"11": 3, "00": 5})
    assert [patch.get_height() for patch in bars(axes)] == [5, 3]


def test_the_rarest_outcomes_share_a_bar_when_there_are_many() -> None:
    counts = {f"{n:06b}": n + 1 for n in range(64)}
    shown = rarest_together(counts)
    assert len(shown) == 32
    assert shown["others"] == sum(range(1, 34))
    assert sum(shown.values()) == sum(counts.values())


def test_sweep_draws_a_series_for_each_step_of_the_slower_setting() -> None:
    axes = plot.sweep(decay(3, 11))
    assert len(axes.lines) == 3
    assert labels(axes)[2] == "source.amplitude = 0.5 V"


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


def test_traces_are_not_drawn_as_points() -> None:
    data = decay(5)
    data.arrays["readout.trace"] = np.ones((5, 64))
    with pytest.raises(RequestError, match="one number per spot can be drawn"):
        plot.sweep(data, "readout.trace")


def test_spans_follow_a_job_from_stage_to_stage() -> None:
    entries = timeline(
        (S.RECEIVED, 1.0),
        (S.VALIDATION_STARTED, 1.5),
        (S.VALIDATION_ENDED, 2.0),
        (S.FETCH_CALIBRATION_STARTED, 2.0),
        (S.FETCH_CALIBRATION_ENDED, 3.0),
        (S.FAILED, 4.0),
    )
    assert spans(entries) == [
        Span("validate", 1.0, 2.0),
        Span("fetch calibration", 2.0, 3.0),
        Span("compile", 3.0, 4.0),
    ]


def test_every_status_that_ends_no_job_belongs_to_a_stage() -> None:
    for status in S.in_progress_statuses():
        assert spans(timeline((status, 0.0), (S.ABORTED, 1.0))) != []


def test_a_cancel_shows_until_the_job_is_over() -> None:
    entries = timeline(
        (S.EXECUTION_STARTED, 0.0), (S.EXECUTION_STARTED, 2.0), (S.ABORTED, 3.0), cancelling=1
    )
    assert spans(entries) == [Span("execute", 0.0, 2.0), Span("cancelling", 2.0, 3.0)]


def test_timelines_have_a_row_for_each_job() -> None:
    first = job("Bell", timeline((S.PENDING_EXECUTION, 10.0), (S.EXECUTION_STARTED, 12.0)))
    second = job("GHZ", timeline((S.RECEIVED, 11.0), (S.ABORTED, 14.0)))
    axes = plot.timelines([first, second])
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "Bell\nexecution_started",
        "GHZ\naborted",
    ]
    assert [(bar.get_x(), bar.get_width()) for bar in bars(axes)] == [(0.0, 2.0), (1.0, 3.0)]
    assert labels(axes) == ["validate", "queue"]


def test_without_matplotlib_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RequestError, match=r"pip install 'stationd\[plot\]'"):
        plot.histogram({"0": 1})


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
