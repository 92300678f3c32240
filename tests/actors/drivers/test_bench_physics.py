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


HALF = replace(PI_PULSE, amplitude=PI_PULSE.amplitude / 2, pulses=2)
"""Two quarter turns."""


def test_two_pulses_turn_twice_as_far_as_one() -> None:
    assert excitation(HALF, SAMPLE) == pytest.approx(1.0)
    assert excitation(replace(PI_PULSE, pulses=2), SAMPLE) == pytest.approx(0.0, abs=1e-12)


@given(delay=st.floats(0, 1e-4), offset=st.floats(-1e5, 1e5))
def test_the_fringes_turn_with_the_detuning_and_decay_with_t2(delay: float, offset: float) -> None:
    shown = excitation(
        replace(HALF, delay=delay, frequency=SAMPLE.qubit_frequency + offset), SAMPLE
    )
    fringe = math.exp(-delay / SAMPLE.t2) * math.cos(2 * math.pi * offset * delay)
    # The pulses themselves are detuned by up to a hundredth of their strength.
    assert shown == pytest.approx((1 + fringe) / 2, abs=0.01)


def test_coherence_outlives_the_excitation_by_twice_at_most() -> None:
    short, best = replace(SAMPLE, t1=1e-6), replace(SAMPLE, t1=1e-6, t2=2e-6)
    waited = replace(HALF, delay=2e-6)
    assert excitation(waited, short) == excitation(waited, best)
    assert excitation(waited, best) == pytest.approx((1 + math.exp(-1)) / 2)


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
