"""What is found in the cache is what compiling again would give; it takes as much as it may."""

import gc
import sys
from collections.abc import Iterator
from typing import cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stationd.actors.stages.requests import COMPILER, CompileRequest
from stationd.proto.program import Instruction, NativeCircuit, OpenQasm, Qpu
from stationd.proto.result import CompiledResult
from stationd.runtime.metrics.cache_statistics import CacheStatistics
from stationd.runtime.work.compile_cache import CompileCache, keys, size_bytes

QPU = Qpu(qubits=("Q1", "Q2"), couplings=(("Q1", "Q2"),))
REQUEST = CompileRequest(programs=((0, OpenQasm(source="x", name="a")),), qpu=QPU, seed=1)


def compiled(text: str = "", instructions: int = 0, compiler: str = "one") -> CompiledResult:
    pulses = tuple(
        Instruction("prx", ("Q1",), (0.1 * number, 0.2 * number)) for number in range(instructions)
    )
    return CompiledResult(
        native=NativeCircuit(instructions=pulses, n_bits=0),
        openqasm=text,
        depth=instructions,
        two_qubit_gates=0,
        metadata={COMPILER: compiler},
    )


def key(request: CompileRequest, calibration_set: str | None = None) -> bytes:
    (found,) = keys(request, calibration_set)
    return found


def test_all_that_goes_into_a_circuit_is_in_its_key() -> None:
    replace = msgspec.structs.replace
    others = [
        key(REQUEST, "another calibration"),
        key(replace(REQUEST, programs=((0, OpenQasm(source="y")),))),
        key(replace(REQUEST, qpu=replace(QPU, couplings=()))),
        key(replace(REQUEST, optimisation_level=1)),
        key(replace(REQUEST, seed=2)),
        key(replace(REQUEST, seed=None)),
    ]
    assert len({key(REQUEST), *others}) == len(others) + 1


def test_neither_name_nor_place_is_in_a_key() -> None:
    programs = ((7, OpenQasm(source="x", name="b")),)
    assert key(msgspec.structs.replace(REQUEST, programs=programs)) == key(REQUEST)


def test_the_circuit_that_was_asked_for_last_stays_longest() -> None:
    room = 2 * size_bytes(compiled())
    cache = CompileCache(room)
    cache.keep(b"a", compiled())
    cache.keep(b"b", compiled())
    assert cache.find(b"a")
    cache.keep(b"c", compiled())
    assert (b"a" in cache, b"b" in cache, b"c" in cache) == (True, False, True)
    assert cache.find(b"b") is None
    assert cache.statistics() == CacheStatistics(1, 1, 1, room, 2)


def test_a_circuit_that_is_larger_than_all_room_drives_no_other_out() -> None:
    cache = CompileCache(2 * size_bytes(compiled()))
    cache.keep(b"a", compiled())
    cache.keep(b"b", compiled("x" * 10_000))
    assert (b"a" in cache, b"b" in cache) == (True, False)


def test_a_cache_without_room_keeps_nothing_and_one_that_shrinks_the_newest() -> None:
    none = CompileCache(0)
    none.keep(b"a", compiled())
    assert b"a" not in none
    cache = CompileCache(10 * size_bytes(compiled()))
    for name in b"abc":
        cache.keep(bytes([name]), compiled())
    cache.resize(size_bytes(compiled()))
    assert (b"b" in cache, b"c" in cache) == (False, True)


def test_another_compiler_begins_afresh() -> None:
    cache = CompileCache(1_000_000)
    cache.keep(b"a", compiled(compiler="one"))
    cache.keep(b"b", compiled(compiler="two"))
    assert (b"a" in cache, b"b" in cache) == (False, True)
    assert cache.statistics().size_bytes == size_bytes(compiled())


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3000)), max_size=30))
@settings(max_examples=50, deadline=None)
def test_what_is_kept_never_takes_more_than_it_may(kept: list[tuple[str, int]]) -> None:
    cache = CompileCache(10_000)
    held: dict[bytes, CompiledResult] = {}
    for name, size in kept:
        one = compiled("x" * size)
        cache.keep(name.encode(), one)
        held.setdefault(name.encode(), one)
        inside = [size_bytes(held[name]) for name in held if name in cache]
        assert cache.statistics().size_bytes == sum(inside) <= 10_000
        held = {name: one for name, one in held.items() if name in cache}


def test_the_size_is_about_what_a_circuit_takes() -> None:
    one = msgspec.msgpack.decode(
        msgspec.msgpack.encode(compiled("x" * 5000, 1000)), type=CompiledResult
    )
    taken = sum(sys.getsizeof(part) for part in _parts(one))
    assert 0.5 * taken < size_bytes(one) < 2 * taken


def _parts(root: object) -> Iterator[object]:
    seen: set[int] = set()
    todo = [root]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        yield one
        todo += cast("list[object]", gc.get_referents(one))
