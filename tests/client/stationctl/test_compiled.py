"""`compiled` shows what the compiler made of a job's circuits."""

import json

from stationd import jobs
from stationd.client.scripted.station import ScriptedStation
from stationd.proto.job import JobId
from tests.client.results.test_compiled import compile_one
from tests.client.stationctl.shell import run, submitted


def test_circuits_are_listed_and_one_is_shown(there: ScriptedStation, bell: str) -> None:
    job = submitted(bell, bell)
    for index in range(2):
        compile_one(there, JobId(job), index)
    head, first, second = run("compiled", job).stdout.splitlines()
    assert head.split() == ["ITEM", "NAME", "DEPTH", "TWO-QUBIT", "DURATION", "QUBITS"]
    assert first.split() == ["0", "bell", "3", "1", "2", "µs", "QB1", "QB3"]
    assert second.split()[0] == "1"
    shown = run("compiled", job, "--item", "1").stdout.splitlines()
    assert shown[0] == "// depth 3, 1 two-qubit gates, 2 µs"
    assert shown[1] == "// its qubits are on QB1 QB3, at the end on QB3 QB1"
    assert shown[2] == "OPENQASM 3.0;"
    listed = json.loads(run("compiled", job, "--json").stdout)
    assert [one["depth"] for one in listed] == [3, 3]
    whole = json.loads(run("compiled", job, "--item", "0", "--json").stdout)
    assert whole["initial_layout"] == ["QB1", "QB3"]


def test_an_item_that_is_not_compiled_is_named(there: ScriptedStation, bell: str) -> None:
    job = submitted(bell)
    assert run("compiled", job, "--item", "3").exit_code == 2
    assert run("compiled", job).stdout.splitlines()[1:] == []
    assert jobs.compiled(job) == []
    assert there.compiled == {}
