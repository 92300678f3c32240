"""Values as JSON with keys that do not depend on what there is to say."""

from typing import cast

import pytest

from stationd.client.references.job import JobStatus
from stationd.client.stationctl.printing import Styled, plain, plain_table, print_text, rich_text
from stationd.proto.job import JobView
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import climb, entries, view


def fields(kind: type[JobView | JobStatus]) -> set[str]:
    return set(kind.__struct_fields__)


def keys(value: object) -> set[str]:
    found = plain(value)
    assert isinstance(found, dict)
    return set(cast("dict[str, object]", found))


def test_every_field_is_there_whatever_its_value() -> None:
    assert keys(view(1, entries(S.RECEIVED))) == fields(JobView) | {"coarse"}
    assert keys(climb(1, S.RECEIVED).status) == fields(JobStatus)


def test_statuses_are_told_by_value_and_name() -> None:
    found = plain([view(1, entries(S.RECEIVED, S.VALIDATION_STARTED))])
    assert isinstance(found, list)
    assert (found[0]["status"], found[0]["coarse"]) == ("validation_started", "SUBMITTED")


def test_names_of_others_begin_no_line_and_speak_to_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = "x\n01a202da  bell  READY\x1b[2K"
    shown = "x\\n01a202da  bell  READY\\x1b[2K"
    assert plain_table(("NAME",), [(evil,)]) == ["NAME", shown]
    assert rich_text(Styled(evil, "red")).plain == shown
    print_text("named ", Styled(evil, "red"))
    assert capsys.readouterr().out == f"named {shown}\n"
