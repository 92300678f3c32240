"""Why a job stands where it stands, in plain words: each rule that has decided it, and how."""

from __future__ import annotations

from datetime import UTC, datetime
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Final

from stationd.proto.job import JobId
from stationd.proto.queue_requests import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stationd.runtime.queue.entry import Entry
    from stationd.runtime.queue.gates import GuardHold, Lock, Reservation
    from stationd.runtime.queue.lines import Out
    from stationd.runtime.queue.queue import Queue
    from stationd.runtime.queue.waiter import Waiter

_MOST_NAMED: Final = 3
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def explain(
    queue: Queue,
    number: int,
    now_unix_s: float,
    name_of: Callable[[str], str] = str,
    shows: Callable[[JobId], bool] = lambda _job: True,
) -> tuple[Reason, ...]:
    """Return why a job stands where it stands, what matters most first.

    Args:
        queue: The queue.
        number: The job's number.
        now_unix_s: The time.
        name_of: Tells the name of a project.
        shows: Whether whoever asks may read another job; those are named.

    Returns:
        Nothing if it neither waits nor has a ticket that is out.
    """
    out, waiter = queue.ticket(number), queue.waiter(number)
    if out is not None:
        return tuple(_at_controllers(queue, out, shows))
    if waiter is None:
        return ()
    waits = _waits(queue, waiter, now_unix_s, name_of, shows)
    return (*waits, _place(queue, waiter.entry, name_of))


def moment(time_unix_s: float) -> str:
    """Return a time as people write it, in UTC.

    >>> moment(0.0)
    '1970-01-01 00:00:00 UTC'
    """
    return datetime.fromtimestamp(time_unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> [duration(seconds) for seconds in (0.25, 59, 61, 7260, 200_000)]
    ['0.2 s', '59.0 s', '1 min', '2 h 1 min', '2 d 7 h']
    """
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} d {seconds % _DAY // _HOUR:.0f} h"


def _named(entries: Iterable[Entry], shows: Callable[[JobId], bool]) -> str:
    ids = [
        f"job {entry.number}" if shows(JobId(entry.job)) else "another user's"
        for entry in islice(entries, _MOST_NAMED + 1)
    ]
    return ", ".join([*ids[:_MOST_NAMED], *(["..."] if len(ids) > _MOST_NAMED else [])])


def _whose(project: str, name_of: Callable[[str], str]) -> str:
    return f"project {name_of(project)}" if project else "jobs without a project"


def _all(names: Iterable[str]) -> str:
    return " and ".join(names)


# --- a job whose ticket is out -------------------------------------------------------------------


def _at_controllers(queue: Queue, out: Out, shows: Callable[[JobId], bool]) -> Iterator[Reason]:
    claims = _all(out.entry.claims)
    if out.began:
        yield Reason("line", f"it is at work at {claims}")
        return
    if out.returning:
        yield Reason(
            "recall",
            f"its ticket, which had been sent ahead to {claims}, is being taken back: a more urgent"
            " job goes first, or it must not begin any more",
        )
        return
    before = [
        other
        for other in queue.tickets()
        if other.began or other.order < out.order
        if other is not out and not set(other.entry.claims).isdisjoint(out.entry.claims)
    ]
    behind = f" behind {_named((other.entry for other in before), shows)}" if before else ""
    yield Reason("line", f"its turn is near: its ticket has been sent ahead to {claims}{behind}")


# --- a job that waits ----------------------------------------------------------------------------


def _waits(
    queue: Queue,
    waiter: Waiter,
    now_unix_s: float,
    name_of: Callable[[str], str],
    shows: Callable[[JobId], bool],
) -> Iterator[Reason]:
    entry = waiter.entry
    if entry.held:
        yield Reason("held", "it is held: `stationctl release` lets it go")
    if entry.not_before is not None and entry.not_before > now_unix_s:
        left = duration(entry.not_before - now_unix_s)
        yield Reason(
            "not_before", f"it is not to begin before {moment(entry.not_before)}, in {left}"
        )
    yield from _gates(queue, entry, now_unix_s, name_of)
    for name in entry.claims:
        if not queue.depth(name):
            yield Reason(
                "absent",
                f"controller {name} takes no jobs now: it is not connected, or in quarantine, as"
                f" `stationctl controllers show {name}` says",
            )
    if waiter.lane is not None and waiter.lane.open:
        yield from _turn(queue, waiter, shows)


def _gates(
    queue: Queue, entry: Entry, now_unix_s: float, name_of: Callable[[str], str]
) -> Iterator[Reason]:
    paused = queue.gates.paused(entry.claims)
    if paused is not None:
        note = queue.gates.gate(paused).note
        yield Reason(
            "paused",
            f"{paused} is paused{f' ({note})' if note else ''}: `stationctl target resume {paused}`"
            " lets it go on",
        )
    locked = queue.gates.locked(entry.claims)
    lock = None if locked is None else queue.gates.lock(locked)
    if lock is not None:
        yield Reason("locked", f"{locked} is {lock_text(lock)}")
    for name in entry.claims:
        for hold in queue.gates.holds(name):
            yield Reason("guard", f"{name} is {hold_text(hold)}")
    reserved = queue.gates.reserved(entry.claims, entry.project, now_unix_s)
    if reserved is not None:
        yield _reserved(reserved, name_of)


def lock_text(lock: Lock) -> str:
    """Return whose lock it is, since when and why, to be put behind ``... is``."""
    note = f": {lock.note}" if lock.note else ""
    return f"locked by {lock.holder or 'somebody'} since {moment(lock.since_unix_s)}{note}"


def hold_text(hold: GuardHold) -> str:
    """Return which guard holds a controller, since when and why, to be put behind ``... is``."""
    return f"held by guard {hold.guard} since {moment(hold.since_unix_s)}: {hold.reason}"


def _reserved(one: Reservation, name_of: Callable[[str], str]) -> Reason:
    until = f"until {moment(one.to_unix_s)}{f' ({one.note})' if one.note else ''}"
    if one.project is None:
        return Reason("maintenance", f"{one.controller} is under maintenance {until}")
    whose = _whose(one.project, name_of)
    return Reason("reserved", f"{one.controller} is reserved for {whose} {until}")


def _turn(queue: Queue, waiter: Waiter, shows: Callable[[JobId], bool]) -> Iterator[Reason]:
    """Tell whose turn it is before this job's, or what it waits for if it is the next."""
    entry = waiter.entry
    position = queue.position(entry.number) or 0
    if position:
        jobs = "1 job is" if position == 1 else f"{position:,} jobs are"
        first = _named(_first(queue, waiter), shows)
        yield Reason("ahead", f"{jobs} ahead of it for {_all(entry.claims)}; the next is {first}")
        return
    for name in entry.claims:
        tickets = [out for out in queue.tickets() if name in out.entry.claims]
        returning = [out.entry for out in tickets if out.returning and not out.began]
        if returning:
            yield Reason(
                "recall",
                f"it is the next for {name}: what is less urgent is being taken back from there"
                f" ({_named(returning, shows)})",
            )
        elif tickets and (len(entry.claims) > 1 or queue.line(name) >= queue.depth(name) > 0):
            wants = "needs it for itself" if len(entry.claims) > 1 else "has no more room"
            ids = _named((out.entry for out in tickets), shows)
            yield Reason("line", f"it is the next for {name}, which {wants}: {ids} go before it")


def _first(queue: Queue, waiter: Waiter) -> Iterator[Entry]:
    """Yield the job that stands first for the same controllers."""
    heads = [
        queue.heads.effective(first, lane.share)
        for lane in queue.lanes(waiter.entry.claims)
        if (first := lane.jobs.first) is not None
    ]
    for *_, number in nsmallest(1, heads):
        found = queue.waiter(number)
        if found is not None:
            yield found.entry


def _place(queue: Queue, entry: Entry, name_of: Callable[[str], str]) -> Reason:
    """Tell what its place is made of."""
    if entry.place is not None:
        text = f"it was put just before job {entry.place.beside}"
    else:
        text = f"it waits since {moment(entry.since_unix_s)}"
        if entry.priority:
            worth = duration(abs(entry.priority) * queue.ageing)
            way = "earlier" if entry.priority > 0 else "later"
            text += f"; its priority of {entry.priority} counts as {worth} {way}"
    back = queue.shares.back(entry.share)
    if back >= 1:
        whose = _whose(entry.share, name_of)
        text += f"; what {whose} had of the instruments lately counts as {duration(back)} later"
    return Reason("place", text)
