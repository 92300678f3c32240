"""What the instruments may have done, and why an attempt may have failed."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from stationd.proto.error import ErrorCode
from stationd.proto.program import Circuits, Sweep
from stationd.proto.status import JobExecutorStatus
from tests.simulation.going_on import stands_still, wrong_steps
from tests.simulation.history import Attempt, History
from tests.simulation.instrument import Act
from tests.simulation.station import SimulatedStation

S = JobExecutorStatus
_BY_TROUBLE: Final = {ErrorCode.INSTRUMENT_LOST, ErrorCode.CONTROLLER_UNREACHABLE}
"""What attempts fail of if something was done to their controllers."""
_LATE: Final = 0.5
"""Seconds that an end may come after a deadline, of a daemon that lives: it writes it down."""

_SLOW: Final = 5.0
"""Seconds that a full disk and a slow network may add."""


class Executions:
    """What the instruments of a station did.

    Args:
        station: The station, at rest.
        history: What its journal says.
    """

    def __init__(self, station: SimulatedStation, history: History) -> None:
        self._station = station
        self._history = history
        self._wrong = station.trace.violation
        self._times = station.trace.times
        self._controllers = station.scenario.settings.target_controllers
        self._acts: dict[int, list[Act]] = defaultdict(list)
        for act in station.acts:
            self._acts[act.ticket].append(act)

    def check(self) -> None:
        """Check everything."""
        for attempt in self._history.all():
            self._ends_for_a_reason(attempt)
            self._ends_at_rest(attempt)
            self._is_ready_rightly(attempt)
            self._cancel_is_bounded(attempt)
        self._runs_once()
        self._claims_do_not_overlap()

    # --- why it failed -----------------------------------------------------------------------

    def _ends_for_a_reason(self, attempt: Attempt) -> None:
        if attempt.end.status is S.FAILED and not self._may_fail(attempt):
            self._wrong(attempt, "failed without a fault:", attempt.end.error)

    def _may_fail(self, attempt: Attempt) -> bool:
        if attempt.code in _BY_TROUBLE and self._was_in_trouble(attempt):
            return True
        match attempt.code:
            case ErrorCode.DRIVER_FAILED:
                return attempt.ticket in self._station.failed
            case ErrorCode.INSTRUMENT_LOST:
                # Who was brought to rest because another one had failed may be heard of first, by
                # a daemon that has just started; so may what an earlier one had ended for taking
                # too long.
                failed = attempt.ticket in self._station.failed
                return (
                    failed or self._was_bounded_before(attempt) or self._was_of_two_minds(attempt)
                )
            case ErrorCode.JOB_TIMEOUT:
                return self._took_too_long(attempt)
            case code:
                return code is ErrorCode.CONTROLLER_SILENT and self._was_silent(attempt)

    def _was_bounded_before(self, attempt: Attempt) -> bool:
        """Whether a daemon that is gone may have ended an attempt for want of time or of signs."""
        since, over = self._times[attempt.first.seq], self._times[attempt.end.seq]
        controllers = self._station.scenario.settings.controllers
        bounded = attempt.spec.timeout is not None or any(
            controllers[name].silence for name in self._claims(attempt)
        )
        return bounded and any(since <= when <= over for when in self._station.starts)

    def _was_of_two_minds(self, attempt: Attempt) -> bool:
        """Whether a daemon may have died when one of a group had begun, and another had not.

        The next one cannot tell who has given a ticket back from who has forgotten it.
        """
        since, over = self._times[attempt.first.seq], self._times[attempt.end.seq]
        restarted = any(since <= when <= over for when in self._station.starts)
        return restarted and len(self._claims(attempt)) > 1

    def _was_in_trouble(self, attempt: Attempt) -> bool:
        """Whether something was done to the controllers of an attempt."""
        first, last = self._times[attempt.first.seq], self._times[attempt.end.seq]
        earliest = first - 2 * self._station.scenario.settings.instruments.grace
        claims = self._claims(attempt)
        return any(
            name in claims and earliest <= when <= last for when, name in self._station.troubles
        ) or any(
            # Whom a zombie keeps, the daemon does not hear from.
            life.haunted_since <= last and earliest <= life.haunted_until
            for life in self._station.daemons
        )

    def _took_too_long(self, attempt: Attempt) -> bool:
        timeout = attempt.spec.timeout
        if timeout is None:
            return False
        # By the clock on the wall, which may have jumped, as the daemon looked at it.
        took = attempt.end.time_unix_s - attempt.first.time_unix_s
        return took >= timeout - 1e-3 or self._station.clock.jumped != 0.0

    def _was_silent(self, attempt: Attempt) -> bool:
        """Whether a controller of an attempt can have given no sign for as long as it may."""
        controllers = self._station.scenario.settings.controllers
        allowed = [controllers[name].silence for name in self._claims(attempt)]
        began = [act.began for act in self._acts.get(attempt.ticket or 0, ())]
        over = self._times[attempt.end.seq]
        silent = any(seconds and began and over - min(began) >= seconds for seconds in allowed)
        return silent or self._was_not_at_rest(attempt, over)

    def _was_not_at_rest(self, attempt: Attempt, over: float) -> bool:
        """Whether a controller may have been reset before it was at rest, and did not begin."""
        controllers = self._station.scenario.settings.controllers
        decided = over - _LATE
        return any(
            0 < controllers[act.controller].silence <= over - act.began
            and act.controller in self._claims(attempt)
            and act.ticket != attempt.ticket
            and (act.ended is None or act.ended >= decided)
            for act in self._station.acts
        )

    # --- how it ended ------------------------------------------------------------------------

    def _ends_at_rest(self, attempt: Attempt) -> None:
        acts = self._acts.get(attempt.ticket, []) if attempt.ticket else []
        if attempt.end.note == "cancelled before execution" and acts:
            self._wrong(attempt, "was executed, and called cancelled before execution")
        over = self._times[attempt.end.seq]
        for act in acts:
            moved = act.ended is None or act.ended > over
            trusted = not self._is_quarantined(act, over)
            if moved and trusted and not self._is_given_up(attempt, act.controller):
                self._wrong(attempt, "was over before its instruments were at rest")

    def _has_lost_one(self, attempt: Attempt) -> bool:
        claims = self._claims(attempt)
        return attempt.code is ErrorCode.INSTRUMENT_LOST or any(
            self._is_given_up(attempt, name) for name in claims
        )

    def _is_given_up(self, attempt: Attempt, controller: str) -> bool:
        """Whether the daemon that ended an attempt had given a controller up.

        The code need not say so: the attempt may have failed of something else before.
        """
        first, over = self._times[attempt.first.seq], self._times[attempt.end.seq]
        since = max((when for when in self._station.starts if when < over), default=first)
        return any(
            name == controller and max(first, since) <= when <= over
            for when, name in self._station.given_up
        )

    def _is_quarantined(self, act: Act, when: float) -> bool:
        return any(
            (one.controller, one.ticket.number) == (act.controller, act.ticket)
            and one.since <= when
            for one in self._station.quarantined
        )

    def _is_ready_rightly(self, attempt: Attempt) -> None:
        if attempt.end.status is not S.READY:
            return
        acts = self._acts.get(self._history.executed(attempt) or 0, [])
        claims = self._claims(attempt)
        if sorted(act.controller for act in acts) != sorted(claims):
            self._wrong(attempt, "is READY and was executed by", [a.controller for a in acts])
        if isinstance(attempt.spec.work, Sweep):
            self._spots_are_visited(attempt, attempt.spec.work, acts)
        self._is_in_time(attempt)

    def _cancel_is_bounded(self, attempt: Attempt) -> None:
        """An accepted cancel ends in time, whatever the instruments do, of a daemon that lives."""
        accepted = next((entry for entry in attempt.entries if entry.cancelling), None)
        if accepted is None:
            return
        instruments = self._station.scenario.settings.instruments
        since, over = self._times[accepted.seq], self._times[attempt.end.seq]
        lived = not any(since <= when <= over for when in self._station.starts)
        if lived and over - since > instruments.grace + instruments.abort_timeout + _SLOW:
            self._wrong(attempt, "was over", over - since, "s after its cancel was accepted")

    def _is_in_time(self, attempt: Attempt) -> None:
        """Nothing is READY after its deadline, but if the daemon was away when that passed."""
        timeout = attempt.spec.timeout
        if timeout is None or self._station.clock.jumped:
            return
        first, last = attempt.first.time_unix_s, attempt.end.time_unix_s
        since = self._times[attempt.first.seq]
        lived = all(when < since for when in self._station.starts)
        if lived and last - first > timeout + _LATE:
            self._wrong(attempt, "is READY", last - first, "s after it began, not", timeout)

    def _spots_are_visited(self, attempt: Attempt, sweep: Sweep, acts: Iterable[Act]) -> None:
        steps = sorted(
            (when, phase, spot)
            for act in acts
            for phase, spot, when in act.steps
            # A daemon that was started again may let it set once more what stands: it is there.
            if phase == "read" or not stands_still(sweep, act.controller, spot)
        )
        places = [(spot, phase == "read") for _, phase, spot in steps]
        if places != sorted(places):
            self._wrong("the controllers of", attempt, "were not at the same spot")
        resumed = attempt.spec.resume and attempt.number > 1
        if wrong := wrong_steps(sweep, list(acts), resumed=resumed):
            self._wrong(attempt, wrong)

    # --- tickets and claims ------------------------------------------------------------------

    def _runs_once(self) -> None:
        for ticket, times in self._history.tickets.items():
            if times != 1:
                self._wrong("ticket", ticket, "was issued", times, "times")
        for ticket, acts in self._acts.items():
            if ticket not in self._history.tickets:
                self._wrong("ticket", ticket, "was executed and never issued")
            names = [act.controller for act in acts]
            if len(names) != len(set(names)):
                self._wrong("ticket", ticket, "was executed by", names)

    def _claims_do_not_overlap(self) -> None:
        """From the first start to the last at rest, the controllers of a ticket are its own."""
        held: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
        quarantined = {one.ticket.number for one in self._station.quarantined}
        given_up = {one.ticket for one in self._history.all() if self._has_lost_one(one)}
        for ticket, acts in self._acts.items():
            # Once a controller has been given up, the others wait for it no more.
            together = acts if ticket not in given_up | quarantined else []
            first = min((act.began for act in together), default=0.0)
            last = max((act.ended or act.began for act in together), default=0.0)
            for act in acts:
                span = (first or act.began, last or self._trusted(act), ticket)
                held[act.controller].append(span)
        for controller, spans in held.items():
            spans.sort()
            for before, after in pairwise(spans):
                if after[0] < before[1]:
                    self._wrong(controller, "was claimed by", before, "and", after)

    def _trusted(self, act: Act) -> float:
        """Return when a controller was at rest, or an operator said that it was."""
        resets = [
            one.until
            for one in self._station.quarantined
            if (one.controller, one.ticket.number) == (act.controller, act.ticket) and one.until
        ]
        return min([act.ended or act.began, *resets])

    def _claims(self, attempt: Attempt) -> list[str]:
        work = attempt.spec.work
        if isinstance(work, Sweep):
            return work.controllers()
        target = attempt.stored.record.target
        return [self._controllers[target]] if isinstance(work, Circuits) else []
