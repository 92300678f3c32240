"""`list`: every filter and order goes to the station as it was typed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.job import JobFilter
from stationd.proto.jobs_protocol import List
from stationd.proto.search import ScopeFilterEnum, SortFilterEnum
from stationd.proto.status import JobExecutorStatus, JobStatusEnum
from tests.client.stationctl.shell import run, submitted

KEYS = {
    "id", "number", "name", "description", "job_type", "target", "project", "properties", "creator",
    "status", "coarse", "message", "priority", "attempt", "created_unix_s", "modified_unix_s",
}  # fmt: skip


def asked(there: ScriptedStation, *words: str) -> List:
    """What the station was asked by a list."""
    done = run("list", *words)
    assert done.exit_code == 0, done.output
    return [request for request in there.received if isinstance(request, List)][-1]


FILTERS: dict[str, tuple[list[str], dict[str, object]]] = {
    "part of the name": (["--name-like", "ram"], {"name_like": "ram"}),
    "names": (["--name", "a", "--name", "b"], {"names": ("a", "b")}),
    "coarse statuses": (["--status", "queued", "--status", "RUNNING"], {
        "coarse": (JobStatusEnum.QUEUED, JobStatusEnum.RUNNING)
    }),
    "a status that is passed through": (["--status", "cancelling"], {"passing": ("CANCELLING",)}),
    "a rung": (["--status", "Pending_Execution"], {
        "statuses": (JobExecutorStatus.PENDING_EXECUTION,)
    }),
    "types": (["--type", "execute"], {"kinds": ("circuits", "sweep")}),
    "a target": (["--target", "qpu"], {"target": "qpu"}),
    "people": (["--creator", "ada"], {"creators": ("ada",)}),
    "properties": (["--property", "chip=A1", "--property", "run=7"], {
        "properties": {"chip": "A1", "run": 7}
    }),
    "a scope": (["--scope", "user"], {"scope": ScopeFilterEnum.USER}),
}  # fmt: skip


@pytest.mark.parametrize(("words", "fields"), FILTERS.values(), ids=FILTERS)
def test_a_filter_is_asked_for(
    there: ScriptedStation, words: list[str], fields: dict[str, object]
) -> None:
    found = asked(there, *words).filter
    assert found == JobFilter(**fields)  # type: ignore[arg-type]


def test_times_may_be_typed_as_people_say_them(there: ScriptedStation) -> None:
    found = asked(
        there, "--created-after", "2h", "--modified-before", "2026-11-22T12:00+00:00"
    ).filter
    ago = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    assert found.created_after == pytest.approx(ago, abs=600)
    assert found.modified_before == datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def test_orders_are_asked_for_the_first_counting_most(there: ScriptedStation) -> None:
    order = asked(there, "--sort", "name", "--sort", "-modified").order
    assert order.sort == (SortFilterEnum.NAME_ASC, SortFilterEnum.MODIFIED_DESC)


def test_a_page_skips_those_before_it(there: ScriptedStation) -> None:
    request = asked(there, "--limit", "7", "--page", "3")
    assert (request.limit, request.order.skip) == (7, 21)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--created-after", "soon"], "is no time: write 2h (ago)"),
        (["--property", "chip"], "'chip' is not of the form NAME=VALUE"),
        (["--sort", "size"], "'size' is not one of"),
        (["--type", "dance"], "'dance' is not one of"),
        (["--limit", "0"], "is not in the range"),
    ],
)
def test_what_means_nothing_is_wrong_usage(
    there: ScriptedStation, words: list[str], why: str
) -> None:
    done = run("list", *words)
    assert done.exit_code == 2
    assert why in done.stderr
    assert there.received == []


def test_json_has_the_same_keys_for_every_job(there: ScriptedStation) -> None:
    submitted("--null", "0")
    (found,) = json.loads(run("list", "--json").stdout)
    assert set(found) == KEYS


def test_quiet_prints_ids_for_other_commands(there: ScriptedStation) -> None:
    jobs = [submitted("--null", "0") for _ in range(2)]
    assert run("list", "--quiet").stdout.splitlines() == jobs[::-1]
    assert json.loads(run("list", "--quiet", "--json").stdout) == jobs[::-1]


def test_wide_tells_more(there: ScriptedStation) -> None:
    job = submitted("--null", "0", "--priority", "7")
    heads, row = run("list", "--wide").stdout.splitlines()
    assert heads.split()[-6:] == ["TARGET", "BY", "PRIORITY", "ATTEMPT", "ID", "PROPERTIES"]
    assert "7" in row.split()
    assert job in row.split()
