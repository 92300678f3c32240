"""What tests of QPUs have in common: circuits as work, and an execution that keeps its shots."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stationd.actors.driver import Driver
from stationd.proto.program import CircuitsWork, CircuitWork, Instruction, NativeCircuit


class Recorder:
    """An execution that keeps what it is handed, and calls `then` after each block."""

    ticket = 1

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.aborted = False
        self.blocks: list[tuple[int, int, NDArray[np.uint8]]] = []
        self.done = 0
        self._then = then

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None:
        assert name == "bits"
        self.blocks.append((item, offset, np.asarray(values, np.uint8)))
        self._then()

    def progress(self, done: int, total: int, unit: str) -> None:
        assert done <= total
        assert unit == "shots"
        self.done = done

    def steps(self, work: object) -> Iterator[tuple[int, str]]:
        raise AssertionError(work)

    def bits(self, item: int = 0) -> NDArray[np.uint8]:
        return np.concatenate([bits for one, _, bits in self.blocks if one == item])


def circuit(*instructions: Instruction, n_bits: int = 1) -> NativeCircuit:
    return NativeCircuit(instructions=instructions, n_bits=n_bits)


def work(*circuits: NativeCircuit, shots: int = 1000, seed: int | None = 1) -> CircuitsWork:
    return CircuitsWork(
        circuits=tuple(
            CircuitWork(item=item, circuit=one, shots=shots, seed=seed)
            for item, one in enumerate(circuits)
        )
    )


def run(driver: Driver, what: CircuitsWork) -> Recorder:
    execution = Recorder()
    driver.prepare(what)
    driver.run(what, execution)  # type: ignore[arg-type]
    return execution
