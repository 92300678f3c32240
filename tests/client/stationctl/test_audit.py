"""`audit`: who has changed what, and who was refused."""

import json

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.audit_requests import AuditLine, ReadAudit
from tests.client.stationctl.shell import run

DONE = AuditLine(
    time_unix_s=1_700_000_000.0,
    user="ada",
    role="submitter",
    request="SubmitMany",
    subject="0b1c",
    jobs=5,
    outcome="done",
)
REFUSED = AuditLine(
    time_unix_s=1_700_000_001.0,
    user="",
    means="curve:x",
    request="Cancel",
    outcome="refused",
    code="forbidden",
    detail="it is ada's",
    left_out=3,
)


def test_it_shows_who_did_what_and_what_became_of_it(there: ScriptedStation) -> None:
    there.audit = (DONE, REFUSED)
    lines = run("audit").stdout.splitlines()
    assert lines[0].split() == ["WHEN", "USER", "ROLE", "REQUEST", "ABOUT", "OUTCOME"]
    assert lines[1].endswith("ada      submitter  SubmitMany  0b1c (5 jobs)  done")
    assert "curve:x  -          Cancel" in lines[2]
    assert lines[2].endswith("forbidden: it is ada's (and 3 more before it)")


def test_what_is_asked_for_is_what_the_station_is_asked(there: ScriptedStation) -> None:
    run("audit", "--user", "ada", "--since", "2026-11-22T00:00+00:00", "--refused", "--limit", "7")
    asked = next(one for one in there.received if isinstance(one, ReadAudit))
    assert (asked.user, asked.outcome, asked.limit) == ("ada", "refused", 7)
    assert asked.since_unix_s == 1_795_305_600.0


def test_as_json_it_has_all_there_is(there: ScriptedStation) -> None:
    there.audit = (REFUSED,)
    (line,) = json.loads(run("audit", "--json").stdout)
    assert line["code"] == "forbidden"
    assert line["means"] == "curve:x"
