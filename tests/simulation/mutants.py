"""Deliberately wrong variants of the station: the checkers must catch each of them."""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# ruff: noqa: ANN401
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from stationd.actors import retry
from stationd.actors.controller import controller
from stationd.actors.execution import pacing, still_axes
from stationd.actors.ledger import database as ledger_database
from stationd.actors.line import facts, line
from stationd.client.connection import stream
from stationd.runtime import catching_up
from stationd.runtime.api import submitting
from stationd.runtime.controllers import (
    authority,
    going_on,
    instruments,
    quarantine,
    silence,
)
from stationd.runtime.jobs import deadlines, dispatch, recovery
from stationd.runtime.queue import lines
from stationd.runtime.work import stages
from tests.simulation import disk, wrong
from tests.simulation.mutant import Mutant
from tests.simulation.mutants_of_use import MUTANTS_OF_USE

_D, _I = dispatch.Dispatch, instruments.Instruments

MUTANTS = (
    Mutant("a ticket that is known is taken for a new one", line.Line, "_find", wrong.find_nothing),
    Mutant("a status is published before it is on disk", _D, "_step", wrong.tell_at_once),
    Mutant(
        "a submit is answered before it is on disk",
        _D,
        "submit",
        wrong.answer_submit_at_once,
        caught_by=(1, "asyncio"),
    ),
    Mutant(
        "a cancel is answered before it is on disk",
        _D,
        "cancel",
        wrong.answer_cancel_at_once,
        caught_by=(1, "asyncio"),
    ),
    Mutant(
        "a commit is told before the disk has synced", disk.SimulatedJournal, "syncs", wrong.off
    ),
    Mutant(
        "half a record is taken for a whole one",
        disk.Disk,
        "checked",
        wrong.off,
        caught_by=(4, "asyncio"),
    ),
    Mutant("a stale fence is obeyed", line.Line, "accepts", wrong.always, caught_by=(16, "trio")),
    Mutant("a cancel forgets the claim", _I, "abort", wrong.release_on_abort),
    Mutant(
        "a group does not wait for empty lines",
        lines.Line,
        "takes",
        wrong.line_up,
        caught_by=(1, "asyncio"),
    ),
    Mutant(
        "an end is acknowledged before it is on disk",
        _I,
        "report",
        wrong.acknowledge_at_once,
        caught_by=(9, "trio"),
    ),
    Mutant(
        "a ticket starts before it is in the ledger",
        controller.Controller,
        "_carry_out",
        wrong.start_before_disk,
    ),
    Mutant(
        "a controller forgets what had begun",
        line.Line,
        "recover",
        wrong.forget_what_began,
        caught_by=(2, "asyncio"),
    ),
    Mutant("a restart forgets cancels", recovery, "resumed", wrong.forget_cancels),
    Mutant("a restart forgets the queue", _I, "resume", wrong.forget_queued),
    Mutant("a Hello is not heard", _I, "hello", wrong.ignore_hello),
    Mutant(
        "a sweep goes on behind the spot that is missing",
        going_on,
        "goes_on_at",
        wrong.one_too_far,
        caught_by=(2, "trio"),
        parts=frozenset({"going-on"}),
    ),
    Mutant(
        "nobody waits for the slower controller",
        pacing.Pacing,
        "reached",
        wrong.hurry,
        caught_by=(2, "trio"),
    ),
    Mutant(
        "an axis that steps is taken for one that stands still",
        still_axes.Moving,
        "_next_step",
        wrong.stand_still,
        caught_by=(1, "trio"),
    ),
    Mutant(
        "a ticket is not taken back on a cancel",
        _I,
        "leave",
        wrong.leave_at_once,
        caught_by=(4, "asyncio"),
    ),
    Mutant(
        "a slow listener misses what came meanwhile",
        catching_up.CatchingUp,
        "go_on",
        wrong.skip_missed,
    ),
    Mutant("a listener resumes too far on", stream.Stream, "_ask", wrong.resume_too_far),
    Mutant(
        "a retry is answered before it is on disk",
        _D,
        "reopen",
        wrong.answer_retry_at_once,
        caught_by=(29, "asyncio"),
        parts=frozenset({"retries"}),
    ),
    Mutant(
        "a retry executes what may have been executed",
        retry,
        "DECISIONS",
        wrong.execute_again,
        caught_by=(3, "asyncio"),
        parts=frozenset({"retries"}),
    ),
    Mutant(
        "a job is retried whatever it failed of",
        dispatch,
        "again",
        wrong.retry_on_anything,
        caught_by=(2, "asyncio"),
        parts=frozenset({"attempts"}),
    ),
    Mutant(
        "a deadline ends no job",
        deadlines.Deadlines,
        "begin",
        wrong.nothing,
        caught_by=(9, "trio"),
        parts=frozenset({"deadlines"}),
    ),
    Mutant(
        "a silent controller is not noticed",
        silence.Silence,
        "began",
        wrong.nothing,
        caught_by=(9, "trio"),
        parts=frozenset({"deadlines"}),
    ),
    Mutant(
        "a controller in quarantine gets other work",
        _I,
        "_is_trusted",
        wrong.always,
        caught_by=(7, "trio"),
        parts=frozenset({"stubborn"}),
    ),
    Mutant(
        "an abort is not bounded",
        quarantine.Quarantine,
        "bound",
        wrong.nothing,
        caught_by=(2, "trio"),
        parts=frozenset({"stubborn", "deadlines"}),
    ),
    Mutant(
        "a job is taken in though the disk is full",
        submitting,
        "check_storage",
        wrong.nothing,
        parts=frozenset({"full-disk"}),
    ),
    Mutant(
        "another ledger is taken for the one before",
        _I,
        "hello",
        wrong.same_ledger,
        caught_by=(2, "trio"),
        parts=frozenset({"new-ledger"}),
    ),
    Mutant(
        "an older journal does not rise above what was obeyed",
        authority.Authority,
        "_is_newer",
        wrong.never,
        parts=frozenset({"backup"}),
    ),
    Mutant(
        "a claim is for the target and not for its controller",
        stages,
        "claims",
        wrong.claim_the_target,
        parts=frozenset({"targets"}),
    ),
    Mutant(
        "a listener to several jobs goes on with one of them",
        stream.Stream,
        "_ask",
        wrong.forget_other_jobs,
        parts=frozenset({"listeners"}),
        caught_by=(2, "asyncio"),
    ),
    *MUTANTS_OF_USE,
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
