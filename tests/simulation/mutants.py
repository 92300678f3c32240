"""Deliberately wrong variants of the station: the checkers must catch each of them.

A mutant replaces a function of the product, or turns a switch of the simulated disk, for as long
as its block lasts.
"""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# ruff: noqa: ANN401
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from stationd.actors import controller, facts, ledger_database, line, pacing, retry
from stationd.actors.held import Held
from stationd.actors.ladder import CameToRest, Course, LeftQueue
from stationd.actors.ticket import TicketState
from stationd.client import stream
from stationd.proto import instruments_protocol as wire
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime import feed
from stationd.runtime.api import submitting
from stationd.runtime.controllers import authority, instruments, quarantine, silence
from stationd.runtime.jobs import deadlines, dispatch
from stationd.runtime.journal.records import Fact
from stationd.runtime.queue import lines
from stationd.runtime.work import stages
from tests.simulation import disk
from tests.simulation.loops import Backend
from tests.simulation.parts import BASE, Parts


@dataclass(frozen=True)
class Mutant:
    """A wrong variant."""

    name: str
    owner: Any
    attribute: str
    make: Callable[[Any], Any]
    """Returns what stands in the place of the original."""
    caught_by: tuple[int, Backend] = (1, "trio")
    """A run that catches it; others are tried if it does not any more."""
    parts: Parts = BASE
    """What it takes beside the base."""

    @contextmanager
    def applied(self) -> Generator[None]:
        """Let the variant be the product for a while."""
        before = _get(self.owner, self.attribute)
        _set(self.owner, self.attribute, self.make(before))
        try:
            yield
        finally:
            _set(self.owner, self.attribute, before)


def _get(owner: Any, name: Any) -> Any:
    return owner[name] if isinstance(owner, dict) else vars(owner)[name]


def _set(owner: Any, name: Any, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)


def _find_nothing(find: Any) -> Any:
    def wrong(self: Any, ticket: Any) -> Held:
        held: Held = find(self, ticket)
        if held.state in {TicketState.RELEASED, TicketState.RUNNING, TicketState.OVER}:
            return Held(ticket, TicketState.UNKNOWN)
        return held

    return wrong


def _tell_at_once(step: Any) -> Any:
    def wrong(self: Any, live: Any, events: Any, records: Any, later: Any) -> None:
        step(self, live, events, records, later)
        facts = [one for one in records if isinstance(one, Fact)]
        self._feed.announce(self._feed.position + 1, facts)

    return wrong


def _answer_submit_at_once(submit: Any) -> Any:
    def wrong(self: Any, new: Any) -> None:
        if not self.knows(new.job):
            new.answer(self._next_number, True)  # noqa: FBT003
            new = new._replace(answer=lambda _number, _created: None)
        submit(self, new)

    return wrong


def _answer_cancel_at_once(cancel: Any) -> Any:
    def wrong(self: Any, live: Any, answer: Any) -> None:
        answer()
        cancel(self, live, lambda: None)

    return wrong


def _release_on_abort(abort: Any) -> Any:
    def wrong(self: Any, live: Any) -> None:
        abort(self, live)
        execution = self.executions.get(live.job.id)
        if execution is not None and not execution.over:
            execution._over = True
            self.executions.act(live, execution, [])
            self._jobs.deliver(live, CameToRest())

    return wrong


def _line_up(_takes: Any) -> Any:
    def wrong(self: Any, *, group: bool) -> bool:
        del group
        return len(self) < int(self.depth)

    return wrong


def _acknowledge_at_once(report: Any) -> Any:
    def wrong(self: Any, name: str, said: Any) -> None:
        report(self, name, said)
        if isinstance(said, wire.Finished):
            self._reach.send(name, wire.Acknowledge(self._authority.fence, said.ticket))

    return wrong


def _start_before_disk(carry_out: Any) -> Any:
    def wrong(self: Any, outcome: Any) -> None:
        cleared, outcome.cleared = outcome.cleared, []
        carry_out(self, outcome)
        if cleared:
            following = facts.Outcome()
            for one in cleared:
                self._learn(one, 0.0, following)
            carry_out(self, following)

    return wrong


def _forget_what_began(recover: Any) -> Any:
    def wrong(self: Any, memory: facts.Memory) -> facts.Outcome:
        forgetful = msgspec.structs.replace(memory, certain=True, last_started=0)
        return recover(self, forgetful)  # type: ignore[no-any-return]

    return wrong


def _forget_cancels(resumed: Any) -> Any:
    def wrong(stored: Any) -> Any:
        live = resumed(stored)
        live.job = msgspec.structs.replace(live.job, course=Course.CLIMBING)
        return live

    return wrong


def _forget_queued(_resume: Any) -> Any:
    def wrong(self: Any, live: Any) -> None:
        self.waiting._expected.pop(live.job.number, None)
        self.queue.remove(live.job.number)

    return wrong


def _hurry(_reached: Any) -> Any:
    def wrong(self: Any, name: str, spot: int, phase: Any) -> list[str]:
        if (spot, phase) != (self.spot, self.phase) or name not in self._awaited:
            return []
        self._awaited.clear()
        return self._answered(name)  # type: ignore[no-any-return]

    return wrong


def _leave_at_once(_leave: Any) -> Any:
    def wrong(self: Any, live: Any) -> None:
        self.waiting.forget(live)
        self._jobs.deliver(live, LeftQueue())

    return wrong


def _skip_missed(_catch_up: Any) -> Any:
    def wrong(self: Any, listening: Any) -> None:
        listening.behind = False
        listening.position = self.position

    return wrong


def _resume_too_far(ask: Any) -> Any:
    def wrong(self: Any) -> int:
        if self._seq:
            self._seq += 1
        return ask(self)  # type: ignore[no-any-return]

    return wrong


def _ignore_hello(_hello: Any) -> Any:
    async def wrong(self: Any, name: str, _said: Any, *, same_ledger: bool) -> None:
        del same_ledger
        self._heard.add(name)
        self.grant()

    return wrong


def _answer_retry_at_once(reopen: Any) -> Any:
    def wrong(self: Any, live: Any, event: Any, made: Any, committed: Any) -> None:
        committed()
        reopen(self, live, event, made, lambda: None)

    return wrong


def _execute_again(decisions: Any) -> Any:
    strategy, known = RemoteRetryStrategy.ALLOW_RESUBMIT, retry.Knowledge.NO_RESULT
    return {**decisions, (strategy, known): retry.Decision.EXECUTE}


def _retry_on_anything(again: Any) -> Any:
    def wrong(job: Any, spec: Any) -> bool:
        return bool(again(job, msgspec.structs.replace(spec, retry_on=())))

    return wrong


def _nothing(_before: Any) -> Any:
    def wrong(*_arguments: Any) -> None:
        return

    return wrong


def _same_ledger(hello: Any) -> Any:
    async def wrong(self: Any, name: str, said: Any, *, same_ledger: bool) -> None:
        del same_ledger
        await hello(self, name, said, same_ledger=True)

    return wrong


def _claim_the_target(claims: Any) -> Any:
    def wrong(spec: Any, targets: Any) -> Any:
        return claims(spec, {name: name for name in targets})

    return wrong


def _forget_other_jobs(ask: Any) -> Any:
    def wrong(self: Any) -> int:
        if self._seq and self._jobs is not None:
            self._jobs = self._jobs[:1]
        return ask(self)  # type: ignore[no-any-return]

    return wrong


def _always(_before: Any) -> Any:
    def wrong(*_arguments: Any) -> bool:
        return True

    return wrong


def _never(_before: Any) -> Any:
    def wrong(*_arguments: Any) -> bool:
        return False

    return wrong


def _off(_before: Any) -> Any:
    return False


_D, _I = dispatch.Dispatch, instruments.Instruments

MUTANTS = (
    Mutant("a ticket that is known is taken for a new one", line.Line, "_find", _find_nothing),
    Mutant("a status is published before it is on disk", _D, "_step", _tell_at_once),
    Mutant(
        "a submit is answered before it is on disk",
        _D,
        "submit",
        _answer_submit_at_once,
        caught_by=(1, "asyncio"),
    ),
    Mutant(
        "a cancel is answered before it is on disk",
        _D,
        "cancel",
        _answer_cancel_at_once,
        caught_by=(5, "trio"),
    ),
    Mutant("a commit is told before the disk has synced", disk.SimulatedJournal, "syncs", _off),
    Mutant(
        "half a record is taken for a whole one",
        disk.Disk,
        "checked",
        _off,
        caught_by=(4, "trio"),
    ),
    Mutant("a stale fence is obeyed", line.Line, "accepts", _always, caught_by=(16, "trio")),
    Mutant("a cancel forgets the claim", _I, "abort", _release_on_abort, caught_by=(4, "trio")),
    Mutant("a group does not wait for empty lines", lines.Line, "takes", _line_up),
    Mutant(
        "an end is acknowledged before it is on disk",
        _I,
        "report",
        _acknowledge_at_once,
        caught_by=(7, "trio"),
    ),
    Mutant(
        "a ticket starts before it is in the ledger",
        controller.Controller,
        "_carry_out",
        _start_before_disk,
        caught_by=(61, "trio"),
    ),
    Mutant("a controller forgets what had begun", line.Line, "recover", _forget_what_began),
    Mutant("a restart forgets cancels", dispatch, "resumed", _forget_cancels),
    Mutant("a restart forgets the queue", _I, "resume", _forget_queued),
    Mutant("a Hello is not heard", _I, "hello", _ignore_hello),
    Mutant(
        "nobody waits for the slower controller",
        pacing.Pacing,
        "reached",
        _hurry,
        caught_by=(2, "trio"),
    ),
    Mutant(
        "a ticket is not taken back on a cancel",
        _I,
        "leave",
        _leave_at_once,
        caught_by=(4, "trio"),
    ),
    Mutant("a slow listener misses what came meanwhile", feed.Feed, "_catch_up", _skip_missed),
    Mutant("a listener resumes too far on", stream.Stream, "_ask", _resume_too_far),
    Mutant(
        "a retry is answered before it is on disk",
        _D,
        "reopen",
        _answer_retry_at_once,
        caught_by=(6, "trio"),
        parts=frozenset({"retries"}),
    ),
    Mutant(
        "a retry executes what may have been executed",
        retry,
        "DECISIONS",
        _execute_again,
        caught_by=(11, "asyncio"),
        parts=frozenset({"retries"}),
    ),
    Mutant(
        "a job is retried whatever it failed of",
        dispatch,
        "again",
        _retry_on_anything,
        caught_by=(1, "asyncio"),
        parts=frozenset({"attempts"}),
    ),
    Mutant(
        "a deadline ends no job",
        deadlines.Deadlines,
        "begin",
        _nothing,
        caught_by=(9, "trio"),
        parts=frozenset({"deadlines"}),
    ),
    Mutant(
        "a silent controller is not noticed",
        silence.Silence,
        "began",
        _nothing,
        caught_by=(2, "trio"),
        parts=frozenset({"deadlines"}),
    ),
    Mutant(
        "a controller in quarantine gets other work",
        _I,
        "_is_trusted",
        _always,
        caught_by=(7, "trio"),
        parts=frozenset({"stubborn"}),
    ),
    Mutant(
        "an abort is not bounded",
        quarantine.Quarantine,
        "bound",
        _nothing,
        caught_by=(2, "trio"),
        parts=frozenset({"stubborn", "deadlines"}),
    ),
    Mutant(
        "a job is taken in though the disk is full",
        submitting,
        "check_storage",
        _nothing,
        parts=frozenset({"full-disk"}),
    ),
    Mutant(
        "another ledger is taken for the one before",
        _I,
        "hello",
        _same_ledger,
        caught_by=(1, "asyncio"),
        parts=frozenset({"new-ledger"}),
    ),
    Mutant(
        "an older journal does not rise above what was obeyed",
        authority.Authority,
        "_is_newer",
        _never,
        caught_by=(1, "asyncio"),
        parts=frozenset({"backup"}),
    ),
    Mutant(
        "a claim is for the target and not for its controller",
        stages,
        "claims",
        _claim_the_target,
        parts=frozenset({"targets"}),
    ),
    Mutant(
        "a listener to several jobs goes on with one of them",
        stream.Stream,
        "_ask",
        _forget_other_jobs,
        caught_by=(1, "trio"),
        parts=frozenset({"listeners"}),
    ),
)


@contextmanager
def tolerant_ledger() -> Generator[None]:
    """Let a ledger take the same ticket twice: SQLite alone would refuse it."""

    def store(database: Any, records: Any) -> None:
        for one in records:
            database.execute("DELETE FROM ticket WHERE number = ?", (one.ticket.number,))
            database.execute("DELETE FROM over WHERE number = ?", (one.ticket.number,))
        before(database, records)

    before = ledger_database._STORE[facts.TicketArmed]
    ledger_database._STORE[facts.TicketArmed] = store
    try:
        yield
    finally:
        ledger_database._STORE[facts.TicketArmed] = before


@contextmanager
def applied(mutant: Mutant) -> Generator[None]:
    """Let a mutant be the product for a while."""
    with ExitStack() as stack:
        stack.enter_context(tolerant_ledger())
        stack.enter_context(mutant.applied())
        yield
