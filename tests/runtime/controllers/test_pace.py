"""How many tickets are sent ahead: enough for the line to last, and not more than that."""

from stationd.proto import instruments_protocol as wire
from stationd.proto.job import Ticket
from stationd.runtime.controllers.pace import LINE_SECONDS, MOST_IN_LINE, Pace
from tests.runtime.bench import job_id

TICKET = Ticket(1, job_id(1), 1)


def run(pace: Pace, seconds: float, times: int = 1) -> None:
    for _ in range(times):
        pace.measure(TICKET.job, "a", wire.Started(TICKET, 100.0))
        pace.measure(TICKET.job, "a", wire.Finished(TICKET, 0, 100.0 + seconds))


def test_a_controller_of_which_nothing_is_known_has_its_prefetch() -> None:
    pace = Pace({"a": 2})
    assert pace.depth("a") == 3
    assert pace.depth("unknown") == 1


def test_the_line_lasts_as_long_as_it_should() -> None:
    pace = Pace({"a": 2})
    run(pace, LINE_SECONDS / 10)
    assert pace.depth("a") == 11


def test_the_line_is_bounded_for_the_shortest_jobs_and_kept_short_for_long_ones() -> None:
    pace = Pace({"a": 2})
    run(pace, 0.0)
    assert pace.depth("a") == 1 + MOST_IN_LINE
    run(pace, 60.0, times=20)
    assert pace.depth("a") == 3


def test_nothing_is_sent_ahead_where_the_settings_say_so() -> None:
    pace = Pace({"a": 0})
    run(pace, 0.0)
    assert pace.depth("a") == 1


def test_what_began_and_did_not_finish_teaches_nothing() -> None:
    pace = Pace({"a": 2})
    pace.measure(TICKET.job, "a", wire.Started(TICKET, 100.0))
    pace.ended(TICKET.job, ["a"])
    pace.measure(TICKET.job, "a", wire.Finished(TICKET, 0, 100.0))
    assert pace.depth("a") == 3
    run(pace, -5.0)  # a clock that went back
    assert pace.depth("a") == 1 + MOST_IN_LINE
