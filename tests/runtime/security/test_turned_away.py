"""Connections that were not let in."""

from stationd.runtime.audit.auditor import REFUSALS_AT_ONCE
from stationd.runtime.security.register import Refusal
from stationd.runtime.security.turned_away import turned_away
from tests.runtime.audit.written import Written
from tests.runtime.bench import StillClock


def refusal(number: int) -> Refusal:
    return Refusal("jobs", "192.0.2.7", f"curve:{number}", "nobody has this key")


def test_a_connection_that_was_not_let_in_has_a_line() -> None:
    trail = Written()
    turned_away(trail, StillClock())(refusal(1))
    (line,) = trail.lines
    assert (line.user, line.means, line.peer) == ("", "curve:1", "192.0.2.7")
    assert (line.endpoint, line.outcome, line.code) == ("jobs", "refused", "forbidden")
    assert line.detail == "nobody has this key"


def test_who_tries_key_after_key_fills_no_disk() -> None:
    trail = Written()
    note = turned_away(trail, StillClock())
    for number in range(REFUSALS_AT_ONCE + 50):
        note(refusal(number))
    assert len(trail.lines) == REFUSALS_AT_ONCE


def test_without_an_audit_log_nothing_is_noted() -> None:
    turned_away(None, StillClock())(refusal(1))
