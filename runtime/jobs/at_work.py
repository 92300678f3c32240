"""Stages at work: at once, or in a task that can be stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import anyio
import msgspec

from stationd.actors.about import AT_WORK
from stationd.runtime.jobs.outcomes import failed_stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from anyio.abc import TaskGroup

    from stationd.actors.ladder import Effect, Event
    from stationd.runtime.journal.records import Record
    from stationd.runtime.live import LiveJob
    from stationd.runtime.work.outcome import Outcome
    from stationd.runtime.work.stages import Stages


class Deliver(Protocol):
    """Takes the outcome of a stage to its job."""

    def __call__(self, live: LiveJob, event: Event, *, made: Sequence[Record]) -> None:
        """Take an event to its job, and what belongs to it to the journal."""
        ...


class AtWork:
    """Runs the stages. What one of them does wrong ends its job, with a reason, and nothing else.

    Args:
        stages: What does the work.
        tasks: Runs the stages that take time.
        deliver: Where their outcomes go.
    """

    def __init__(self, stages: Stages, tasks: TaskGroup, deliver: Deliver) -> None:
        self._stages = stages
        self._tasks = tasks
        self._deliver = deliver

    def begin(self, live: LiveJob, effect: Effect) -> Outcome | None:
        """Begin a stage; return its outcome, or None if that is delivered later."""
        try:
            outcome = self._stages.begin(live, effect)
        except Exception as error:  # noqa: BLE001 - one job's failure is its own
            return failed_stage(live, effect, error), []
        if callable(outcome):
            live.stage = anyio.CancelScope()
            self._tasks.start_soon(self._run, live, effect, outcome, live.stage)
            return None
        return outcome

    def at_once(self, live: LiveJob, effect: Effect) -> Outcome | None:
        """Do a stage's work if that takes no time; None if it does or fails, and is to begin."""
        try:
            outcome = self._stages.begin(live, effect)
        except Exception:  # noqa: BLE001 - it is done once more, and then its failure is told
            return None
        return None if callable(outcome) else outcome

    def stop(self, live: LiveJob) -> None:
        """Stop the stage that a job is in, if it is at work in a task."""
        if live.stage is not None:
            live.stage.cancel()

    async def _run(
        self,
        live: LiveJob,
        effect: Effect,
        work: Callable[[], Awaitable[Outcome | None]],
        scope: anyio.CancelScope,
    ) -> None:
        outcome: Outcome | None = None
        AT_WORK.set(msgspec.structs.replace(live.about, stage=effect.value))
        with scope:
            try:
                outcome = await work()
            except Exception as error:  # noqa: BLE001 - one job's failure is its own
                outcome = (failed_stage(live, effect, error), [])
        if live.stage is scope:
            live.stage = None
        if outcome is None or scope.cancel_called:
            return
        event, records = outcome
        self._deliver(live, event, made=records)
