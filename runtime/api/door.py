"""Whether a new job may come in, as far as its time and its controllers are concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.error import ErrorCode, ErrorInfo, InvalidJob, Problem, StationError
from stationd.proto.program import Circuits, Compile, Sweep
from stationd.runtime.queue.explanation import hold_text, lock_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.job import JobSpec
    from stationd.runtime.queue.gates import Gates


class Door:
    """Lets new jobs in, or not.

    Args:
        gates: What operators have said of controllers.
        targets: The controller of every target.
    """

    def __init__(self, gates: Gates, targets: Mapping[str, str]) -> None:
        self._gates = gates
        self._targets = targets

    def check(self, spec: JobSpec, target: str) -> None:
        """Refuse a job that can never begin, or one for a controller that runs empty.

        Args:
            spec: What is asked for.
            target: The target that it resolves to; empty for a sweep.

        Raises:
            InvalidJob: It can never begin.
            StationError: It must not come in now (code ``target_draining``).
        """
        problems = begin_problems(spec)
        if problems:
            raise InvalidJob(
                ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot run", tuple(problems))
            )
        name = self._gates.draining(self._claims(spec, target)) if self._gates.said else None
        if name is not None:
            note = self._gates.gate(name).note
            raise StationError(
                ErrorInfo(
                    ErrorCode.TARGET_DRAINING,
                    f"{name} runs empty{f' ({note})' if note else ''} and takes no new jobs:"
                    " submit again when an operator has opened it",
                )
            )

    @property
    def says(self) -> bool:
        """Whether there is anything that some who submit jobs should know."""
        return bool(self._gates.said)

    def notice(self, spec: JobSpec, target: str) -> str:
        """Return what whoever submits a job should know; empty for nothing."""
        if not self.says:
            return ""
        claims = self._claims(spec, target)
        locked, paused = self._gates.locked(claims), self._gates.paused(claims)
        lock = None if locked is None else self._gates.lock(locked)
        if lock is not None:
            return f"{locked} is {lock_text(lock)}; the job waits"
        if paused is None:
            return self._guarded(claims)
        note = self._gates.gate(paused).note
        return f"{paused} is paused{f' ({note})' if note else ''}; the job waits"

    def _guarded(self, claims: tuple[str, ...]) -> str:
        name = self._gates.held(claims)
        if name is None:
            return ""
        return f"{name} is {hold_text(self._gates.holds(name)[0])}; the job waits"

    def _claims(self, spec: JobSpec, target: str) -> tuple[str, ...]:
        match spec.work:
            case Sweep():
                return tuple(spec.work.controllers())
            case Circuits():
                return (self._targets.get(target, ""),)
            case Compile():
                return ()


def begin_problems(spec: JobSpec) -> list[Problem]:
    """Return what is wrong with what a job says of when it may begin.

    A deadline that is over is not: the job is stored and fails, so that a submit that is sent
    again gets the same answer.
    """
    if spec.not_before is None and spec.deadline is None and not spec.hold:
        return []
    if spec.kind == "compile":
        text = "a job that is only compiled never enters the queue: leave it out"
        said = {"not_before": spec.not_before, "deadline": spec.deadline, "hold": spec.hold or None}
        return [Problem(text, field=name) for name, value in said.items() if value is not None]
    if spec.not_before is None or spec.deadline is None or spec.not_before < spec.deadline:
        return []
    text = "it does not come after not_before, so the job could never begin"
    return [Problem(text, field="deadline")]
