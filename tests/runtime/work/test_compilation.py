"""Circuits in parts: in order, alike ones once, and each worker's trouble costs its part alone."""

import math
from collections.abc import Callable
from itertools import product
from random import Random
from typing import TypeVar, cast

import anyio
import msgspec
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from stationd.actors.stages.compile import compile_circuits
from stationd.actors.stages.requests import COMPILER, CompileRequest, length
from stationd.proto.error import ErrorCode, ErrorInfo, StationError
from stationd.proto.program import CircuitProgram, NativeCircuit, OpenQasm, Qpu
from stationd.proto.result import CompiledResult
from stationd.runtime.work.compilation import Compilation, cut
from stationd.runtime.work.compile_cache import CompileCache
from stationd.runtime.work.workers import Workers

pytestmark = pytest.mark.anyio

T = TypeVar("T")
R = TypeVar("R")

QPU = Qpu(qubits=("Q1", "Q2"), couplings=(("Q1", "Q2"),))


def request(*sources: str, level: int = 1, seed: int | None = None) -> CompileRequest:
    programs = tuple(
        (item, OpenQasm(source=source, name=f"n{item}")) for item, source in enumerate(sources)
    )
    return CompileRequest(programs=programs, qpu=QPU, optimisation_level=level, seed=seed)


class InnerWorkers(Workers):
    """Workers that answer with what they were sent, in the loop.

    Args:
        processes: How many there would be.
        deadly: Kills whoever compiles it.
        slow: Takes whoever compiles it longer than there is time.
    """

    def __init__(self, processes: int = 2, deadly: str = "", slow: str = "") -> None:
        super().__init__(processes)
        self.parts: list[CompileRequest] = []
        self.at_once = self.most_at_once = 0
        self._deadly, self._slow = deadly, slow

    async def timed(
        self, function: Callable[[R], T], request: R, seconds: float = math.inf
    ) -> tuple[T, float]:
        part = cast("CompileRequest", request)
        self.parts.append(part)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await checkpoint()
            sources = [_source(program) for _, program in part.programs]
            if self._deadly in sources:
                raise StationError(ErrorInfo(ErrorCode.WORKER_DIED, "died"))
            if self._slow in sources:
                raise StationError(ErrorInfo(ErrorCode.STAGE_TIMEOUT, "late"))
        finally:
            self.at_once -= 1
        return cast("T", [_echo(program) for _, program in part.programs]), 1.0

    @property
    def compiled(self) -> list[str]:
        """The programs that they were sent."""
        return [_source(program) for part in self.parts for _, program in part.programs]


def _source(program: CircuitProgram) -> str:
    assert isinstance(program, OpenQasm)
    return program.source


def _echo(program: CircuitProgram) -> CompiledResult:
    native = NativeCircuit(instructions=(), n_bits=0, name=program.name)
    return CompiledResult(
        native=native,
        openqasm=_source(program),
        depth=0,
        two_qubit_gates=0,
        metadata={COMPILER: "echo"},
    )


async def texts(
    compilation: Compilation,
    asked: CompileRequest,
    calibration: str | None = None,
    *,
    stop: bool = True,
) -> list[str]:
    """Return what each item was compiled to, or the code of its error."""
    made = await compilation.compile(asked, calibration, 60.0, stop=stop)
    for (item, _), one in zip(asked.programs, made, strict=True):
        assert isinstance(one, ErrorInfo) or one.native.name == f"n{item}"
    return [one.openqasm if isinstance(one, CompiledResult) else one.code.value for one in made]


def compilation(workers: Workers, most_bytes: int = 10_000_000) -> Compilation:
    return Compilation(workers, CompileCache(most_bytes))


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_parts_hold_all_programs_in_order_and_are_about_as_long(
    lengths: list[int], parts: int
) -> None:
    asked = request(*("x" * size for size in lengths))
    made = cut(asked, parts)
    assert len(made) <= parts
    assert all(part.programs for part in made)
    assert tuple(pair for part in made for pair in part.programs) == asked.programs
    longest = max(length(program) for _, program in asked.programs)
    share = sum(length(program) for _, program in asked.programs) / min(parts, len(lengths))
    assert all(
        sum(length(program) for _, program in part.programs) <= share + 1.5 * longest
        for part in made
    )


async def test_three_hundred_circuits_go_to_all_workers_and_come_back_in_order() -> None:
    workers = InnerWorkers(processes=4)
    sources = [f"circuit {number}" for number in range(300)]
    assert await texts(compilation(workers), request(*sources)) == sources
    assert workers.most_at_once == 4
    assert len(workers.parts) == 16
    assert sorted(workers.compiled) == sorted(sources)


async def test_circuits_that_are_alike_are_compiled_once() -> None:
    workers = InnerWorkers()
    made = compilation(workers)
    assert await texts(made, request("a", "b", "a", "a")) == ["a", "b", "a", "a"]
    assert sorted(workers.compiled) == ["a", "b"]
    assert made.cache.statistics().hits == 2


async def test_what_was_compiled_before_is_not_sent_to_a_worker() -> None:
    workers = InnerWorkers()
    made = compilation(workers)
    await texts(made, request("a", "b"))
    assert await texts(made, request("b", "c", "a")) == ["b", "c", "a"]
    assert sorted(workers.compiled) == ["a", "b", "c"]


async def test_without_a_cache_all_is_compiled_again() -> None:
    workers = InnerWorkers()
    made = compilation(workers, most_bytes=0)
    await texts(made, request("a", "a"))
    await texts(made, request("a"))
    assert workers.compiled == ["a", "a"]


async def test_another_calibration_set_is_another_circuit() -> None:
    workers = InnerWorkers()
    made = compilation(workers)
    for calibration in (None, "monday", "tuesday", "monday", None):
        await texts(made, request("a"), calibration)
    assert len(workers.parts) == 3


async def test_a_long_batch_is_looked_through_beside_the_loop() -> None:
    workers = InnerWorkers()
    made = compilation(workers)
    long = "x" * 300_000
    assert await texts(made, request(long)) == [long]
    assert await texts(made, request(long)) == [long]
    assert len(workers.parts) == 1


async def test_a_worker_that_dies_costs_its_part() -> None:
    workers = InnerWorkers(processes=2, deadly="c3")
    sources = [f"c{number}" for number in range(8)]
    made = await texts(compilation(workers), request(*sources), stop=False)
    assert made == [*sources[:3], "worker_died", *sources[4:]]


async def test_a_worker_that_dies_ends_a_job_that_stops_at_errors() -> None:
    workers = InnerWorkers(processes=1, deadly="c1")
    sources = [f"c{number}" for number in range(8)]
    with pytest.raises(StationError) as caught:
        await texts(compilation(workers), request(*sources))
    assert caught.value.info.code is ErrorCode.WORKER_DIED
    assert len(workers.parts) < 4


async def test_if_all_workers_die_that_is_what_the_job_is_told() -> None:
    workers = InnerWorkers(deadly="a")
    with pytest.raises(StationError) as caught:
        await texts(compilation(workers), request("a"), stop=False)
    assert caught.value.info.code is ErrorCode.WORKER_DIED


async def test_a_lane_whose_time_is_over_takes_no_further_part() -> None:
    workers = InnerWorkers(processes=1, slow="c2")
    sources = [f"c{number}" for number in range(4)]
    made = await texts(compilation(workers), request(*sources), stop=False)
    assert made == ["c0", "c1", "stage_timeout", "stage_timeout"]


async def test_what_died_is_not_kept() -> None:
    workers = InnerWorkers(processes=1, deadly="b")
    made = compilation(workers)
    await texts(made, request("a", "b"), stop=False)
    assert made.cache.statistics().circuits == 1


async def test_a_cancel_ends_all_calls() -> None:
    class Hanging(InnerWorkers):
        async def timed(
            self, function: Callable[[R], T], request: R, seconds: float = math.inf
        ) -> tuple[T, float]:
            self.at_once += 1
            try:
                await anyio.sleep_forever()
            finally:
                self.at_once -= 1
            raise AssertionError

    workers = Hanging(processes=3)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(texts, compilation(workers), request("a", "b", "c", "d"))
        while workers.at_once < 3:
            await checkpoint()
        tasks.cancel_scope.cancel()
    assert workers.at_once == 0


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_what_is_found_is_what_compiling_again_gives() -> None:
    workers = Workers(2)
    made = compilation(workers)
    chance = Random(1)
    sources = [random_circuit(chance) for _ in range(4)]
    for level, seed in product((0, 2), (None, 3)):
        asked = request(*chance.choices(sources, k=6), level=level, seed=seed)
        cached = await made.compile(asked, None, 60.0, stop=True)
        fresh = await workers.call(compile_circuits, asked)
        assert all(isinstance(one, CompiledResult) for one in fresh), fresh
        assert msgspec.msgpack.encode(cached) == msgspec.msgpack.encode(fresh)
    assert made.cache.statistics().hits > 0


def random_circuit(chance: Random) -> str:
    gates = ("h q[0];", "t q[1];", "cx q[0], q[1];", "rx(0.3) q[0];", "cz q[1], q[0];")
    chosen = " ".join(chance.choices(gates, k=8))
    return f'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; {chosen} c = measure q;'
