"""What a sweep has set comes into its result, with its units."""

from stationd.actors.stages.post_process import post_process
from stationd.actors.stages.requests import PostProcessRequest
from stationd.client.results.outcome import SweepData, read_outcome
from stationd.proto.job import JobId
from stationd.proto.program import Capabilities, Setting, Sweep


def done(sweep: Sweep) -> SweepData:
    offers = {"lab": Capabilities(settings=(Setting(name="x", unit="V"), Setting(name="mode")))}
    request = PostProcessRequest(
        job=JobId("00000000-0000-4000-8000-000000000001"),
        attempt=1,
        work=sweep,
        items=(0,),
        offers=offers,
        artifacts="/nowhere",
    )
    (outcome,) = post_process(request)
    assert outcome.data is not None, outcome.error
    result = read_outcome(outcome.data)
    assert isinstance(result, SweepData)
    return result


def test_a_result_says_what_its_job_has_set() -> None:
    result = done(Sweep(settings={"lab.x": 1, "lab.mode": "cw", "lab.new": True}))
    assert result.applied == {"lab.x": 1, "lab.mode": "cw", "lab.new": True}
    assert result.units == {"lab.x": "V"}
    assert (result.axes, result.arrays, result.settings) == ({}, {}, {})


def test_a_sweep_that_applies_nothing_says_nothing_of_it() -> None:
    result = done(Sweep())
    assert result.applied == {}
    assert "applied" not in result.metadata
