"""Where a result comes from, by whatever names it."""

import pytest

from stationd import NullProgram, jobs
from stationd.client.scripted.station import DistantStation, whole_way
from stationd.proto.error import RequestError
from stationd.proto.result import NullResult


def test_references_ids_and_jobs_name_the_same(distant_station: DistantStation) -> None:
    distant_station.station.plan = whole_way
    distant_station.station.answer = lambda _: NullResult(duration=1.0)
    job = jobs.submit(programs=[NullProgram(name="one"), NullProgram(name="two")])
    ref = jobs.results(job)[1]
    assert isinstance(ref, jobs.ResultRef)
    found = jobs.provenance(ref)
    assert (found.job, found.item, found.artifact) == (job.id, 1, ref.artifact)
    assert jobs.provenance(job, 1) == jobs.provenance(ref.artifact.id) == found
    assert jobs.provenance(job).item == 0


@pytest.mark.parametrize(
    ("name", "item", "words"),
    [
        ("a/b", None, "it is job/attempt/item"),
        ("a/1/x", None, "it is job/attempt/item"),
        ("a/1/2", 1, "is the result of item 2"),
    ],
)
def test_an_id_that_is_none_is_refused(
    distant_station: DistantStation, name: str, item: int | None, words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        jobs.provenance(name, item)
