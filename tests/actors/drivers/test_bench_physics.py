"""The bench behaves as the textbook says at the points that one knows by heart."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from stationd.actors.drivers.bench_physics import (
    Sample,
    Signal,
    excitation,
    population,
    s21,
    trace,
)

SAMPLE = Sample()
PI_PULSE = Signal()


@pytest.mark.parametrize(("pulses", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (2.0, 0.0)])
def test_a_resonant_pulse_turns_by_its_area(pulses: float, expected: float) -> None:
    longer = replace(PI_PULSE, duration=PI_PULSE.duration * pulses)
    assert excitation(longer, SAMPLE) == pytest.approx(expected, abs=1e-12)
    stronger = replace(PI_PULSE, amplitude=PI_PULSE.amplitude * pulses)
    assert excitation(stronger, SAMPLE) == pytest.approx(expected, abs=1e-12)


def test_a_detuned_pulse_never_reaches_the_top() -> None:
    # Detuned by the Rabi frequency itself: half way up at most.
    rabi = SAMPLE.rabi_rate * PI_PULSE.amplitude
    detuned = replace(PI_PULSE, frequency=SAMPLE.qubit_frequency + rabi)
    best = replace(detuned, duration=1 / (2 * math.sqrt(2) * rabi))
    assert excitation(best, SAMPLE) == pytest.approx(0.5)


def test_no_pulse_at_all_excites_nothing() -> None:
    assert excitation(replace(PI_PULSE, amplitude=0.0), SAMPLE) == 0.0


@given(delay=st.floats(0, 1e-3))
def test_the_population_decays_with_t1(delay: float) -> None:
    shown = population(replace(PI_PULSE, delay=delay), SAMPLE)
    decayed = SAMPLE.contrast * math.exp(-delay / SAMPLE.t1) + SAMPLE.offset
    assert shown == pytest.approx(decayed)


def test_the_line_is_as_wide_as_its_quality_says() -> None:
    f0, quality = SAMPLE.resonator_frequency, SAMPLE.quality
    assert s21(replace(PI_PULSE, frequency=f0), SAMPLE) == 1.0
    for side in (-1, 1):
        half_power = replace(PI_PULSE, frequency=f0 + side * f0 / (2 * quality))
        assert s21(half_power, SAMPLE) == pytest.approx(1 / math.sqrt(2))


def test_the_trace_rises_from_nothing_to_the_population() -> None:
    rise = SAMPLE.quality / (math.pi * SAMPLE.resonator_frequency)
    level = population(PI_PULSE, SAMPLE)
    field = trace(PI_PULSE, SAMPLE, np.array([0.0, rise, 50 * rise]))
    assert field == pytest.approx([0.0, level * (1 - math.exp(-1)), level])
