"""The checks: what a driver is put through, and what is said of what it does.

Rule 1. Each check asks one thing, and is told in words: what was seen, and what to do about it.
Rule 2. A driver that hangs is asked nothing more; what is left is told as left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stationd.actors.conformance import data_checks, description_checks, works
from stationd.actors.conformance.report import Finding, Verdict
from stationd.actors.conformance.stand import Hangs, Stand, Told
from stationd.actors.line.facts import RunEnded, RunRaised, RunStopped
from stationd.proto.program import Capabilities, SweepWork, Work

if TYPE_CHECKING:
    from stationd.actors.driver import Driver

NAMES: Final = (
    "start",
    "describe",
    "run",
    "data",
    "run twice",
    "steps",
    "refuse",
    "limits",
    "run after refusing",
    "abort",
    "run after abort",
    "hang",
    "run after hang",
    "late data",
    "close",
    "reconnect",
)
"""All checks, in their order."""


class Terms(Struct, frozen=True):
    """What a driver is checked with."""

    make: Callable[[], Driver]
    work: tuple[Work, ...] = ()
    """Instead of what its description suggests."""
    long_work: Work | None = None
    """To be aborted; None for what its description suggests."""
    silence: Callable[[], AbstractContextManager[object]] | None = None
    """Makes the instrument silent for as long as the context lasts; None if nothing can."""
    beyond_limits: bool = False
    """Also set something beyond its limits."""
    patience: float = 30.0
    """Seconds that any hook may take."""
    abort_within: float = 5.0
    """Seconds from an abort to rest."""


def check(terms: Terms) -> Iterator[Finding]:
    """Yield what comes of each check, in the order of `NAMES`."""
    stand = Stand(terms.make, terms.patience)
    said: list[str] = []
    try:
        for finding in _session(terms, stand):
            said.append(finding.check)
            yield finding
    except Hangs as hangs:
        yield from _hung(said, str(hangs))
        return
    if said == ["start"]:
        yield from _left_out(NAMES[1:], "the driver does not start")


def _session(terms: Terms, stand: Stand) -> Iterator[Finding]:
    try:
        offered = stand.open()
    except Hangs:
        raise
    except BaseException as error:  # noqa: BLE001 - a driver may raise anything
        yield _broken("start", f"it raised {type(error).__name__}: {error}")
        return
    yield _kept("start", "it was made, and said what it offers")
    yield _told("describe", description_checks.problems(offered), "what it offers makes sense")
    yield from _at_work(terms, stand, offered)
    yield from _under_stress(terms, stand, offered)
    yield _late(stand)
    stand.close()
    yield _kept("close", "it closed")
    yield _reconnect(terms)


# --- work that it should do ------------------------------------------------------------------


def _works(terms: Terms, offered: Capabilities) -> list[Work]:
    return list(terms.work) or works.ordinary(offered)


def _at_work(terms: Terms, stand: Stand, offered: Capabilities) -> Iterator[Finding]:
    asked = _works(terms, offered)
    first = [(work, stand.run(work)) for work in asked]
    failed = [_failure(told) for _, told in first if _failure(told)]
    yield _told("run", failed, "it did what it was asked to", none=not asked)
    wrong = [
        problem
        for work, told in first
        if not _failure(told)
        for problem in data_checks.problems(work, offered, told.blocks)
    ]
    yield _told("data", wrong, "all data came, and is what was declared", none=not asked)
    yield _again("run twice", stand, offered, asked, "the second time it did the same")
    yield _steps(stand, offered, asked)


def _steps(stand: Stand, offered: Capabilities, asked: list[Work]) -> Finding:
    """Whether a sweep waits at every spot for the word of the daemon."""
    sweeps = [one for one in asked if isinstance(one, SweepWork) and (one.moves or one.returns)]
    if not sweeps:
        return _left("steps", "it makes no sweeps")
    work = replace(sweeps[0], paced=True)
    told = stand.run(work)
    if failure := _failure(told):
        return _broken("steps", failure)
    if len(told.reached) < told.steps:
        return _broken(
            "steps",
            "in a sweep over several controllers it went on without the daemon's word: let"
            " execution.steps(work) say what is due",
        )
    wrong = data_checks.problems(work, offered, told.blocks)
    return _told("steps", wrong, "it waits at every spot for the daemon's word")


def _again(name: str, stand: Stand, offered: Capabilities, asked: list[Work], kept: str) -> Finding:
    found: list[str] = []
    for work in asked:
        told = stand.run(work)
        failure = _failure(told)
        found += [failure] if failure else data_checks.problems(work, offered, told.blocks)
    return _told(name, found, kept, none=not asked)


def _failure(told: Told) -> str:
    match told.end:
        case RunEnded():
            return ""
        case RunRaised(detail=detail):
            return f"it raised {detail}"
        case other:
            return f"it ended with {type(other).__name__}"


# --- work that it should not do, or not to the end --------------------------------------------


def _under_stress(terms: Terms, stand: Stand, offered: Capabilities) -> Iterator[Finding]:
    asked = _works(terms, offered)
    wrong = [
        f"it took {what} for good: raise in prepare or run, and say what is wrong"
        for what, work in works.foreign(offered).items()
        if isinstance(stand.run(work).end, RunEnded)
    ]
    yield _told("refuse", wrong, "it refuses what it cannot do")
    yield _limits(terms, stand, offered)
    yield _again("run after refusing", stand, offered, asked, "it works as before")
    yield _abort(terms, stand, offered)
    yield _again("run after abort", stand, offered, asked, "it works as before")
    yield from _hang(terms, stand, offered, asked)


def _limits(terms: Terms, stand: Stand, offered: Capabilities) -> Finding:
    if not terms.beyond_limits:
        return _left("limits", "a real instrument may obey: give beyond_limits if it is none")
    work = works.beyond(offered)
    if work is None:
        return _left("limits", "no setting has an upper limit")
    if isinstance(stand.run(work).end, RunRaised):
        return _kept("limits", "it refuses a value beyond its limit itself")
    assert isinstance(work, SweepWork)  # noqa: S101 - see `beyond`
    ((name, value),) = work.settings
    return Finding(
        "limits",
        "advice",
        f"it set {name!r} to {value!r}, which is beyond its limit: the station refuses that at"
        " submission, so this is a second net",
    )


def _abort(terms: Terms, stand: Stand, offered: Capabilities) -> Finding:
    work = terms.long_work or works.long(offered)
    if work is None:
        return _left("abort", "its description suggests no work that takes long: give long_work")
    try:
        told = stand.run(work, abort=True)
    except Hangs as hangs:
        raise Hangs(
            "run did not return after abort: let abort end what it waits for, and ask"
            " execution.aborted in loops"
        ) from hangs
    if told.took == 0.0:
        return _left("abort", "the work was over before it could be aborted: give long_work")
    if told.took > terms.abort_within:
        return _broken(
            "abort",
            f"run returned {told.took:.1f} s after abort, and {terms.abort_within:g} s are allowed:"
            " let abort end what it waits for, and ask execution.aborted in loops",
        )
    if not isinstance(told.end, RunStopped):
        return _left("abort", "the work was over before it could be aborted: give long_work")
    return _kept("abort", f"it was at rest {told.took * 1e3:.0f} ms after the abort")


def _hang(
    terms: Terms, stand: Stand, offered: Capabilities, asked: list[Work]
) -> Iterator[Finding]:
    if terms.silence is None or not asked:
        yield _left("hang", "nothing can make the instrument silent: give silence")
        yield _left("run after hang", "it was not made to hang")
        return
    before = stand.run(asked[0])
    with terms.silence():
        told = stand.run(asked[0])
    if isinstance(told.end, RunEnded):
        yield _broken("hang", "its instrument was silent, and it said that all was done")
    else:
        yield _kept("hang", f"it does not wait for ever: {_failure(told)}")
    yield _after_hang(stand, offered, asked[0], before)


def _after_hang(stand: Stand, offered: Capabilities, work: Work, before: Told) -> Finding:
    told = stand.run(work)
    if failure := _failure(told):
        return _broken("run after hang", failure)
    if wrong := data_checks.problems(work, offered, told.blocks):
        return _told("run after hang", wrong, "")
    was, now = (data_checks.read_back(work, one.blocks) for one in (before, told))
    if otherwise := data_checks.changed(was, now):
        return _broken(
            "run after hang",
            f"{', '.join(map(repr, otherwise))} read otherwise than before: late answers are taken"
            " for those of the next questions; clear or close the connection after a time-out",
        )
    return _kept("run after hang", "it works as before")


# --- the end ----------------------------------------------------------------------------------


def _late(stand: Stand) -> Finding:
    if stand.late:
        return _broken(
            "late data",
            f"{stand.late[0]} came of work whose run had returned: wait in run for what hands data"
            " over",
        )
    return _kept("late data", "nothing came of work that was over")


def _reconnect(terms: Terms) -> Finding:
    again = Stand(terms.make, terms.patience)
    try:
        offered = again.open()
        asked = _works(terms, offered)
        found = _again("reconnect", again, offered, asked, "made anew, it works as before")
        again.close()
    except Hangs as hangs:
        return _broken("reconnect", f"made anew after close, {hangs}")
    except BaseException as error:  # noqa: BLE001 - a driver may raise anything
        return _broken(
            "reconnect",
            f"made anew after close, it raised {type(error).__name__}: {error}; let close let go of"
            " all that it holds",
        )
    return found


# --- in words ---------------------------------------------------------------------------------


def _kept(name: str, says: str) -> Finding:
    return Finding(name, "kept", says)


def _broken(name: str, says: str) -> Finding:
    return Finding(name, "broken", says)


def _left(name: str, says: str) -> Finding:
    return Finding(name, "left out", says)


def _told(name: str, problems: list[str], kept: str, *, none: bool = False) -> Finding:
    if none:
        return _left(name, "its description suggests nothing to do: give work")
    verdict: Verdict = "broken" if problems else "kept"
    return Finding(name, verdict, "; ".join(problems) or kept)


def _hung(said: list[str], says: str) -> Iterator[Finding]:
    left = [name for name in NAMES if name not in said]
    yield _broken(left[0], says)
    yield from _left_out(left[1:], "the driver hangs")


def _left_out(names: list[str] | tuple[str, ...], why: str) -> Iterator[Finding]:
    for name in names:
        yield _left(name, why)
