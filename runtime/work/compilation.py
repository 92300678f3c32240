"""Many circuits compiled: what is known already at once, the others in all workers side by side.

A batch is cut into parts of about the same length. Each worker takes the next part when it is
done with one, so that a batch leaves room for another job's circuits every now and then, and a
worker that dies costs its part.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import anyio
import msgspec
from anyio import to_thread

from stationd.actors.stages.requests import CompileRequest, length
from stationd.proto.error import ErrorCode, ErrorInfo, StationError
from stationd.proto.result import CompiledResult
from stationd.runtime.work.compile_cache import CompileCache, Key, keys
from stationd.runtime.work.heavy import compile_circuits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.runtime.work.workers import Workers

Compiled = CompiledResult | ErrorInfo
"""What became of a program."""

PARTS_PER_WORKER: Final = 4
"""So many parts let the workers end at about the same time, though some circuits take longer."""
_LONG: Final = 256 * 1024
"""Bytes of programs that are not looked through in the loop."""


class Compilation:
    """Compiles the circuits of one job after the other, or of several at a time.

    Args:
        workers: Do what is not known already.
        cache: Has what is.
    """

    def __init__(self, workers: Workers, cache: CompileCache) -> None:
        self._workers = workers
        self.cache = cache

    async def compile(
        self,
        request: CompileRequest,
        calibration_set: str | None,
        seconds: float,
        *,
        stop: bool,
    ) -> list[Compiled]:
        """Compile circuits; those that are alike, once.

        Args:
            request: The circuits, and what for.
            calibration_set: The id of the set that the request's calibration is of.
            seconds: How long each worker may be at work on them.
            stop: Whether it is over when a worker dies or takes too long. Otherwise the circuits
                that it was at work on have that for an error, unless no circuit is left.

        Returns:
            A compiled circuit or an error for each program, in their order.

        Raises:
            StationError: A worker died, or took too long.
        """
        known = await _keys(request, calibration_set)
        found, wanted = self._look_up(known)
        if wanted:
            programs = tuple(request.programs[index] for index in wanted.values())
            asked = msgspec.structs.replace(request, programs=programs)
            made = await self._in_parts(asked, seconds, stop=stop)
            for key, one in zip(wanted, made, strict=True):
                found[key] = one
                if isinstance(one, CompiledResult):
                    self.cache.keep(key, one)
        return [
            _called(found[key], program.name)
            for key, (_, program) in zip(known, request.programs, strict=True)
        ]

    def _look_up(self, known: Sequence[Key]) -> tuple[dict[Key, Compiled], dict[Key, int]]:
        """Return what is compiled already, and where that stands first which is not."""
        found: dict[Key, Compiled] = {}
        wanted: dict[Key, int] = {}
        for index, key in enumerate(known):
            if key in found or key in wanted:
                self.cache.repeated()
            elif (kept := self.cache.find(key)) is not None:
                found[key] = kept
            else:
                wanted[key] = index
        return found, wanted

    async def _in_parts(
        self, request: CompileRequest, seconds: float, *, stop: bool
    ) -> list[Compiled]:
        parts = cut(request, PARTS_PER_WORKER * self._workers.processes)
        lanes = _Lanes(self._workers, parts, seconds, stop=stop)
        made = await lanes.run(min(self._workers.processes, len(parts)))
        return [one for answers in made for one in answers]


class _Lanes:
    """The parts of a batch on their way through the workers.

    Args:
        workers: They do it.
        parts: What is to be compiled.
        seconds: How long each lane may be at work.
        stop: Whether the first trouble ends it all.
    """

    def __init__(
        self, workers: Workers, parts: Sequence[CompileRequest], seconds: float, *, stop: bool
    ) -> None:
        self._workers = workers
        self._parts = parts
        self._todo = deque(range(len(parts)))
        self._seconds = seconds
        self._stop = stop
        self._made: dict[int, list[Compiled]] = {}
        self._troubles: dict[int, ErrorInfo] = {}

    async def run(self, lanes: int) -> list[list[Compiled]]:
        """Compile all parts, as many side by side as there are lanes.

        Raises:
            StationError: What went wrong first, if that ends it or if it went wrong with all.
        """
        async with anyio.create_task_group() as tasks:
            for _ in range(lanes):
                tasks.start_soon(self._lane, tasks.cancel_scope)
        if self._troubles and (self._stop or not self._made):
            raise StationError(next(iter(self._troubles.values())))
        return [
            self._made[index]
            if index in self._made
            else [self._trouble(index)] * len(part.programs)
            for index, part in enumerate(self._parts)
        ]

    async def _lane(self, all_lanes: anyio.CancelScope) -> None:
        left = self._seconds
        while self._todo:
            index = self._todo.popleft()
            try:
                made, took = await self._workers.timed(compile_circuits, self._parts[index], left)
            except StationError as error:
                self._troubles[index] = error.info
                if self._stop:
                    all_lanes.cancel()
                if error.info.code is ErrorCode.STAGE_TIMEOUT:
                    return
                continue
            self._made[index] = list(made)
            left = max(0.0, left - took)

    def _trouble(self, index: int) -> ErrorInfo:
        """Return what became of a part; of one that nobody took, that there was no time left."""
        return self._troubles.get(index) or next(iter(self._troubles.values()))


def cut(request: CompileRequest, parts: int) -> list[CompileRequest]:
    """Cut a request into parts of about the same length.

    Args:
        request: At least one program.
        parts: The most parts.

    Returns:
        Requests that hold its programs in their order, at least one each.
    """
    lengths = [length(program) for _, program in request.programs]
    share = sum(lengths) / min(parts, len(lengths))
    bounds, begun = [0], 0.0
    for index, one in enumerate(lengths):
        # A program goes to the part that has more than half of it.
        if index > bounds[-1] and begun + one / 2 > share * len(bounds):
            bounds.append(index)
        begun += one
    pairs = zip(bounds, [*bounds[1:], len(lengths)], strict=True)
    return [
        msgspec.structs.replace(request, programs=request.programs[start:end])
        for start, end in pairs
    ]


async def _keys(request: CompileRequest, calibration_set: str | None) -> list[Key]:
    if sum(length(program) for _, program in request.programs) < _LONG:
        return keys(request, calibration_set)
    return await to_thread.run_sync(keys, request, calibration_set)


def _called(compiled: Compiled, name: str) -> Compiled:
    """Return a compiled circuit under the name of the program that it is for."""
    if isinstance(compiled, ErrorInfo) or compiled.native.name == name:
        return compiled
    native = msgspec.structs.replace(compiled.native, name=name)
    return msgspec.structs.replace(compiled, native=native)
