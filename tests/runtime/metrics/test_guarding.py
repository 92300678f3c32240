"""What Prometheus is shown of guards."""

from prometheus_client.samples import Sample

from stationd.proto.guard_requests import GuardState
from stationd.runtime.metrics.guarding import guard_metrics

COLD = GuardState(
    name="cold",
    readout="fridge.plate",
    targets=("qpu",),
    standing="violated",
    since_unix_s=1.0,
    holds=True,
    value=0.035,
    read_unix_s=2.0,
    aborted=3,
)
LOCK = GuardState(
    name="lock",
    readout="laser.state",
    targets=("qpu",),
    standing="within",
    since_unix_s=1.0,
    holds=False,
    value="locked",
)


def samples(name: str) -> dict[str, float]:
    found: list[Sample] = [
        sample for family in guard_metrics([COLD, LOCK]) for sample in family.samples
    ]
    return {sample.labels["guard"]: sample.value for sample in found if sample.name == name}


def test_every_guard_says_whether_it_holds_when_it_read_and_what_it_ended() -> None:
    assert samples("stationd_guard_holds") == {"cold": 1.0, "lock": 0.0}
    assert samples("stationd_guard_read_timestamp_seconds") == {"cold": 2.0, "lock": 0.0}
    assert samples("stationd_guard_aborts_total") == {"cold": 3.0, "lock": 0.0}


def test_a_reading_that_is_a_text_is_no_number_to_show() -> None:
    assert samples("stationd_guard_reading") == {"cold": 0.035}
