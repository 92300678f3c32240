"""Wrong functions: each takes one of the product and returns what stands in its place."""

# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# ruff: noqa: ANN401
from typing import Any

import msgspec

from stationd.actors import retry
from stationd.actors.execution.paced_word import PacedWord
from stationd.actors.ladder import CameToRest, Course, LeftQueue
from stationd.actors.line import facts
from stationd.actors.line.held import Held
from stationd.actors.line.ticket import TicketState
from stationd.proto import instruments_protocol as wire
from stationd.proto.queue_requests import Unlock
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.journal.records import Fact, QueueNoted


def find_nothing(find: Any) -> Any:
    def wrong(self: Any, ticket: Any) -> Held:
        held: Held = find(self, ticket)
        if held.state in {TicketState.RELEASED, TicketState.RUNNING, TicketState.OVER}:
            return Held(ticket, TicketState.UNKNOWN)
        return held

    return wrong


def tell_at_once(step: Any) -> Any:
    def wrong(self: Any, live: Any, events: Any, records: Any, later: Any) -> None:
        step(self, live, events, records, later)
        facts = [one for one in records if isinstance(one, Fact)]
        self._feed.announce(self._feed.position + 1, facts)

    return wrong


def answer_submit_at_once(submit: Any) -> Any:
    def wrong(self: Any, new: Any) -> None:
        if not self.knows(new.job):
            new.answer(self._next_number, True)  # noqa: FBT003
            new = new._replace(answer=lambda _number, _created: None)
        submit(self, new)

    return wrong


def answer_cancel_at_once(cancel: Any) -> Any:
    def wrong(self: Any, live: Any, answer: Any) -> None:
        answer()
        cancel(self, live, lambda: None)

    return wrong


def release_on_abort(abort: Any) -> Any:
    def wrong(self: Any, live: Any) -> None:
        abort(self, live)
        execution = self.executions.get(live.job.id)
        if execution is not None and not execution.over:
            execution._over = True
            self.executions.act(live, execution, [])
            self._jobs.deliver(live, CameToRest())

    return wrong


def line_up(_takes: Any) -> Any:
    def wrong(self: Any, *, group: bool) -> bool:
        del group
        return len(self) < int(self.depth)

    return wrong


def acknowledge_at_once(report: Any) -> Any:
    def wrong(self: Any, name: str, said: Any) -> None:
        report(self, name, said)
        if isinstance(said, wire.Finished):
            self._reach.send(name, wire.Acknowledge(self._authority.fence, said.ticket))

    return wrong


def start_before_disk(carry_out: Any) -> Any:
    def wrong(self: Any, outcome: Any) -> None:
        cleared, outcome.cleared = outcome.cleared, []
        carry_out(self, outcome)
        if cleared:
            following = facts.Outcome()
            for one in cleared:
                self._learn(one, 0.0, following)
            carry_out(self, following)

    return wrong


def forget_what_began(recover: Any) -> Any:
    def wrong(self: Any, memory: facts.Memory) -> facts.Outcome:
        forgetful = msgspec.structs.replace(memory, certain=True, last_started=0)
        return recover(self, forgetful)  # type: ignore[no-any-return]

    return wrong


def forget_cancels(resumed: Any) -> Any:
    def wrong(stored: Any) -> Any:
        live = resumed(stored)
        live.job = msgspec.structs.replace(live.job, course=Course.CLIMBING)
        return live

    return wrong


def forget_queued(_resume: Any) -> Any:
    def wrong(self: Any, live: Any) -> None:
        self.waiting._expected.pop(live.job.number, None)
        self.queue.remove(live.job.number)

    return wrong


def hurry(_reached: Any) -> Any:
    def wrong(self: Any, name: str, _spot: int, _phase: Any) -> list[PacedWord]:
        if name not in self._unanswered:
            return []
        self._unanswered.clear()
        return self._go_on()  # type: ignore[no-any-return]

    return wrong


def stand_still(_next_step: Any) -> Any:
    def wrong(self: Any, _spot: int, _behind: int, _values: Any) -> int:
        spots: int = self._spots
        return spots

    return wrong


def leave_at_once(_leave: Any) -> Any:
    def wrong(self: Any, live: Any) -> None:
        self.waiting.forget(live)
        self._jobs.deliver(live, LeftQueue())

    return wrong


def skip_missed(_go_on: Any) -> Any:
    def wrong(self: Any, listening: Any) -> None:
        listening.behind = False
        listening.position = self._feed.position

    return wrong


def resume_too_far(ask: Any) -> Any:
    def wrong(self: Any) -> int:
        if self._seq:
            self._seq += 1
        return ask(self)  # type: ignore[no-any-return]

    return wrong


def ignore_hello(_hello: Any) -> Any:
    async def wrong(self: Any, name: str, _said: Any, *, same_ledger: bool) -> None:
        del same_ledger
        self._heard.add(name)
        self.grant()

    return wrong


def answer_retry_at_once(reopen: Any) -> Any:
    def wrong(self: Any, live: Any, event: Any, made: Any, committed: Any) -> None:
        committed()
        reopen(self, live, event, made, lambda: None)

    return wrong


def execute_again(decisions: Any) -> Any:
    strategy, known = RemoteRetryStrategy.ALLOW_RESUBMIT, retry.Knowledge.NO_RESULT
    return {**decisions, (strategy, known): retry.Decision.EXECUTE}


def retry_on_anything(again: Any) -> Any:
    def wrong(job: Any, spec: Any) -> bool:
        return bool(again(job, msgspec.structs.replace(spec, retry_on=())))

    return wrong


def nothing(_before: Any) -> Any:
    def wrong(*_arguments: Any) -> None:
        return

    return wrong


def same_ledger(hello: Any) -> Any:
    async def wrong(self: Any, name: str, said: Any, *, same_ledger: bool) -> None:
        del same_ledger
        await hello(self, name, said, same_ledger=True)

    return wrong


def claim_the_target(claims: Any) -> Any:
    def wrong(spec: Any, targets: Any) -> Any:
        return claims(spec, {name: name for name in targets})

    return wrong


def forget_other_jobs(ask: Any) -> Any:
    def wrong(self: Any) -> int:
        if self._seq and self._jobs is not None:
            self._jobs = self._jobs[:1]
        return ask(self)  # type: ignore[no-any-return]

    return wrong


def one_too_far(count: Any) -> Any:
    def wrong(*arguments: Any) -> int:
        return count(*arguments) + 1  # type: ignore[no-any-return]

    return wrong


def always(_before: Any) -> Any:
    def wrong(*_arguments: Any) -> bool:
        return True

    return wrong


def never(_before: Any) -> Any:
    def wrong(*_arguments: Any) -> bool:
        return False

    return wrong


def off(_before: Any) -> Any:
    return False


def forget_locks(remember: Any) -> Any:
    async def wrong(queue: Any, journal: Any, clock: Any) -> None:
        await remember(queue, journal, clock)
        queue.gates._locks.clear()

    return wrong


def note_and_go_on(note: Any) -> Any:
    async def wrong(self: Any, kind: str, name: str, value: Any) -> None:
        data = None if value is None else msgspec.json.encode(value).decode()
        self._journal.write([QueueNoted(kind, name, data)], lambda _commit: None)

    del note
    return wrong


def take_nothing_back(turn_gates: Any) -> Any:
    def wrong(self: Any, now_unix_s: float) -> None:
        out, self._out = self._out, {}
        turn_gates(self, now_unix_s)
        self._out = out

    return wrong


def unlock_for_anybody(lock: Any) -> Any:
    def wrong(self: Any, controller: str, request: Any, person: Any) -> Any:
        return None if isinstance(request, Unlock) else lock(self, controller, request, person)

    return wrong


def count_when_stored(_arriving: Any) -> Any:
    def wrong(_self: Any, _user: str, answer: Any) -> Any:
        return answer

    return wrong


def give_back_twice(ended: Any) -> Any:
    def wrong(self: Any, user: str) -> None:
        ended(self, user)
        ended(self, user)

    return wrong


def refuse_at_once(_refuse: Any) -> Any:
    def wrong(_self: Any, _job: Any, _asked: Any, error: Any, **answers: Any) -> None:
        answers["refused"](error.info)

    return wrong


def count_nothing(_counted: Any) -> Any:
    def wrong(_self: Any, _live: Any, _records: Any, committed: Any) -> Any:
        return committed

    return wrong


def keep_roles(reload: Any) -> Any:
    def wrong(self: Any, roles: Any) -> None:
        known = dict(self._known) if hasattr(self, "_known") else {}
        reload(self, roles)
        self._known.update(known)

    return wrong
