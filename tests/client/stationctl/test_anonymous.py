"""Where owners alone read their jobs, the shell shows others' as places without names."""

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.job import JobId
from stationd.proto.queue_requests import QueueEntry
from tests.client.stationctl.shell import run


def test_anothers_place_in_the_queue_has_no_priority_and_no_age(there: ScriptedStation) -> None:
    there.queue = (QueueEntry(job=JobId(""), number=0, state="running", controllers=("qpu",)),)
    shown = run("queue").stdout.splitlines()
    assert shown[1].split() == ["at", "work", *"----", "qpu"]
