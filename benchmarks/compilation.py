"""What compiling costs: once, found again, and 300 circuits on one worker and on two.

    python -m benchmarks.compilation

Of the workers it is said what time of a processor the busiest one took: that is how long the job
takes on a machine with a processor for each of them and nothing else to do.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Final

import anyio

from stationd.actors.stages.compile import warm_up
from stationd.actors.stages.requests import CompileRequest
from stationd.actors.untyped import load
from stationd.proto.program import OpenQasm, Qpu
from stationd.runtime.work.compilation import Compilation
from stationd.runtime.work.compile_cache import CompileCache
from stationd.runtime.work.workers import Workers

ROWS, COLUMNS = 4, 5
HITS: Final = 50
CIRCUITS: Final = 300
TURNS: Final = 4
_ROOM: Final = 2**28


def grid() -> Qpu:
    """Return a QPU of 20 qubits."""
    names = tuple(f"Q{row}{column}" for row in range(ROWS) for column in range(COLUMNS))
    across = [(n, n + 1) for n in range(ROWS * COLUMNS) if (n + 1) % COLUMNS]
    down = [(n, n + COLUMNS) for n in range((ROWS - 1) * COLUMNS)]
    return Qpu(qubits=names, couplings=tuple((names[a], names[b]) for a, b in [*across, *down]))


def ghz(qubits: int, angle: float = 0.0) -> str:
    """Return a circuit that entangles some qubits."""
    chain = " ".join(f"cx q[{one}], q[{one + 1}];" for one in range(qubits - 1))
    return (
        f'OPENQASM 3.0; include "stdgates.inc"; qubit[{qubits}] q; bit[{qubits}] c;'
        f" rx({angle}) q[0]; {chain} c = measure q;"
    )


def quantum_volume(qubits: int) -> str:
    """Return a long circuit of random gates."""
    made = load("qiskit.circuit.library").quantum_volume(qubits, qubits, seed=1)
    made.measure_all()
    plain = load("qiskit").transpile(made, basis_gates=["u3", "cx"], optimization_level=0)
    return str(load("qiskit.qasm2").dumps(plain))


async def once_and_again(source: str) -> tuple[float, float, float]:
    """Return the seconds to compile a circuit, and to find it again: in the middle, at most."""
    compilation = Compilation(Workers(1), CompileCache(_ROOM))
    request = CompileRequest(programs=((0, OpenQasm(source=source)),), qpu=grid())
    found: list[float] = []
    for _ in range(HITS + 2):
        begin = time.perf_counter()
        await compilation.compile(request, "a set", 600.0, stop=True)
        found.append(time.perf_counter() - begin)
        if len(found) == 1:
            # The first one has loaded the compiler.
            compilation.cache.resize(0)
            compilation.cache.resize(_ROOM)
    return found[1], statistics.median(found[2:]), max(found[2:])


async def warm(processes: int) -> Workers:
    """Return workers that have loaded the compiler."""
    workers = Workers(processes)
    async with anyio.create_task_group() as tasks:
        for _ in range(processes):
            tasks.start_soon(workers.call, _warm_up, None)
    return workers


def _warm_up(_: None) -> None:
    warm_up()


def busy_seconds() -> dict[str, float]:
    """Return what time of a processor each of our workers has taken."""
    found: dict[str, float] = {}
    for pid in Path("/proc/self/task", str(os.getpid()), "children").read_text().split():
        fields = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
        found[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


async def batch(workers: Workers, turn: int) -> float:
    """Return the seconds that the busiest worker takes for circuits, no two of them equal."""
    programs = tuple(
        (item, OpenQasm(source=ghz(5 + item % 10, turn + item / CIRCUITS)))
        for item in range(CIRCUITS)
    )
    before = busy_seconds()
    compilation = Compilation(workers, CompileCache(0))
    await compilation.compile(CompileRequest(programs=programs, qpu=grid()), None, 600.0, stop=True)
    return max(seconds - before.get(pid, 0.0) for pid, seconds in busy_seconds().items())


async def main() -> None:
    """Measure, and print."""
    for name, source in (
        ("GHZ20", ghz(20)),
        ("QV10", quantum_volume(10)),
        ("QV20", quantum_volume(20)),
    ):
        made, found, most = await once_and_again(source)
        print(
            f"{name}, {len(source) / 1e3:.1f} kB: compiled in {made * 1e3:.1f} ms,"
            f" found again in {found * 1e3:.3f} ms, at most {most * 1e3:.3f} ms"
        )
    workers = [(number, await warm(number)) for number in (1, 2)]
    for turn in range(TURNS):
        took = [f"{await batch(pool, turn):.2f} s of {number}" for number, pool in workers]
        print(f"{CIRCUITS} circuits, the busiest worker: {', '.join(took)}")


if __name__ == "__main__":
    anyio.run(main)
