"""Compiled circuits that are asked for again: kept in memory, up to so many bytes.

Rule 1. What is found is what compiling again would give. So everything that goes into a circuit
        is in its key: the program, the QPU, the calibration set, the level, the seed.
Rule 2. What another compiler would make is not known here: when the workers' compiler is another
        one, all is forgotten.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

from stationd import __version__
from stationd.actors.stages.requests import COMPILER
from stationd.runtime.metrics.cache_statistics import CacheStatistics

if TYPE_CHECKING:
    from stationd.actors.stages.requests import CompileRequest
    from stationd.proto.result import CompiledResult

_INSTRUCTION_BYTES: Final = 288
"""What an instruction takes in memory: itself, its tuples, two numbers, its place."""
_CIRCUIT_BYTES: Final = 2048
"""What a circuit takes beside its instructions and its text, the key included."""
_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")

Key = bytes
"""A digest of all that goes into a compiled circuit."""


class CompileCache:
    """The compiled circuits that were used last.

    Args:
        most_bytes: What they may take in memory, about; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, CompiledResult] = OrderedDict()
        self._bytes = 0
        self._compiler: str | None = None
        self._hits = self._misses = self._evicted = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def find(self, key: Key) -> CompiledResult | None:
        """Return a compiled circuit, under whatever name it was compiled."""
        found = self._kept.get(key)
        if found is None:
            self._misses += 1
            return None
        self._kept.move_to_end(key)
        self._hits += 1
        return found

    def repeated(self) -> None:
        """Count a circuit that is compiled together with one like it."""
        self._hits += 1

    def keep(self, key: Key, result: CompiledResult) -> None:
        """Keep a compiled circuit, as long as there is room."""
        compiler = result.metadata.get(COMPILER)
        if compiler is None:
            return
        if compiler != self._compiler:
            self._forget_all()
            self._compiler = compiler
        size = size_bytes(result)
        if size > self._most_bytes or key in self._kept:
            return
        self._kept[key] = result
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= size_bytes(oldest)
            self._evicted += 1

    def statistics(self) -> CacheStatistics:
        """Return what it has been good for."""
        return CacheStatistics(
            self._hits, self._misses, self._evicted, self._bytes, len(self._kept)
        )

    def resize(self, most_bytes: int) -> None:
        """Keep more, or less, from now on."""
        self._most_bytes = most_bytes
        while self._bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= size_bytes(oldest)
            self._evicted += 1

    def _forget_all(self) -> None:
        self._kept.clear()
        self._bytes = 0


def size_bytes(result: CompiledResult) -> int:
    """Return what a compiled circuit takes in memory, about."""
    text = len(result.openqasm)
    return _CIRCUIT_BYTES + text + _INSTRUCTION_BYTES * len(result.native.instructions)


def keys(request: CompileRequest, calibration_set: str | None) -> list[Key]:
    """Return the key of each program of a request; what it is called is not part of it.

    Args:
        request: All but its calibration goes into the keys.
        calibration_set: The id of the set that this is of: a set never changes.
    """
    circumstances = _ENCODER.encode(
        (
            __version__,
            request.qpu,
            calibration_set,
            request.optimisation_level,
            request.seed,
        )
    )
    begun = hashlib.sha256(circumstances)
    found: list[Key] = []
    for _, program in request.programs:
        digest = begun.copy()
        digest.update(_ENCODER.encode(msgspec.structs.replace(program, name="")))
        found.append(digest.digest())
    return found
