"""Observations are found by what they mean; what is missing or makes no sense is ideal."""

import math

from stationd.actors.qpu_properties import (
    CZ_DURATION,
    PRX_DURATION,
    READOUT_DURATION,
    QpuProperties,
)


def test_nothing_observed_is_an_ideal_qpu() -> None:
    ideal = QpuProperties({})
    assert ideal.t1("QB1") == ideal.t2("QB1") == math.inf
    assert ideal.prx_error("QB1") == ideal.readout_error("QB1") == ideal.cz_error("a", "b") == 0
    assert ideal.prx_duration("QB1") == PRX_DURATION
    assert ideal.cz_duration("QB1", "QB2") == CZ_DURATION
    assert ideal.readout_duration("QB1") == READOUT_DURATION


def test_observed_values_are_found_in_either_order_of_a_pair() -> None:
    known = QpuProperties(
        {
            "a.t1": 3e-5,
            "a.t2": 2e-5,
            "a.prx.error": 0.1,
            "a-b.cz.error": 0.2,
            "b-a.cz.duration": 1.0,
        }
    )
    assert (known.t1("a"), known.t2("a"), known.prx_error("a")) == (3e-5, 2e-5, 0.1)
    assert known.cz_error("a", "b") == known.cz_error("b", "a") == 0.2
    assert known.cz_duration("a", "b") == 1.0


def test_what_was_not_observed_can_be_told_from_no_error() -> None:
    known = QpuProperties({"a.prx.error": 0.0, "a.readout.error": 1.5})
    assert (known.observed_prx_error("a"), known.observed_prx_error("b")) == (0.0, None)
    assert (known.observed_readout_error("a"), known.observed_cz_error("a", "b")) == (None, None)


def test_coherence_cannot_outlive_the_energy() -> None:
    assert QpuProperties({"a.t1": 1.0, "a.t2": 5.0}).t2("a") == 2.0
    assert QpuProperties({"a.t1": 1.0}).t2("a") == 2.0


def test_senseless_values_count_as_not_observed() -> None:
    bad = QpuProperties(
        {"a.t1": -1.0, "a.prx.error": 1.5, "b.prx.error": math.nan, "b.t2": math.inf}
    )
    assert bad.t1("a") == bad.t2("b") == math.inf
    assert bad.prx_error("a") == bad.prx_error("b") == 0
