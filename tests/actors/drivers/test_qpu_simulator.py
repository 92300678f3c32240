"""The simulator answers requests, and what fails is answered too."""

from multiprocessing.connection import Connection, Pipe
from threading import Thread

import numpy as np

from stationd.actors.drivers.qpu_protocol import (
    ANSWERS,
    ENCODER,
    Bits,
    Describe,
    Load,
    Loaded,
    Request,
    Sample,
    Unable,
    serve,
)
from stationd.actors.drivers.qpu_simulator import Simulator
from stationd.proto.program import Instruction, NativeCircuit

FLIP = NativeCircuit(
    instructions=(
        Instruction("prx", ("QB1",), (np.pi, 0.0)),
        Instruction("measure", ("QB1",), (), (1,)),
    ),
    n_bits=2,
)


def test_a_loaded_circuit_is_sampled() -> None:
    simulator = Simulator()
    assert simulator.answer(Load(FLIP, {})) == Loaded()
    assert simulator.answer(Sample(3, 1)) == Bits(bytes([0, 1] * 3))


def test_what_fails_is_answered() -> None:
    simulator = Simulator()
    assert simulator.answer(Sample(3, 1)) == Unable("no circuit has been loaded")
    assert isinstance(simulator.answer(Describe()), Unable)


def ask(connection: Connection, request: Request) -> object:
    connection.send_bytes(ENCODER.encode(request))
    return ANSWERS.decode(connection.recv_bytes())


def test_what_raises_is_answered_and_it_serves_until_the_connection_is_closed() -> None:
    ours, theirs = Pipe()
    thread = Thread(target=serve, args=(theirs, Simulator().answer))
    thread.start()
    bad = NativeCircuit(instructions=(Instruction("h", ("QB1",)),), n_bits=0)
    with ours:
        assert ask(ours, Load(bad, {})) == Unable("ValueError: the QPU cannot play 'h' on ('QB1',)")
        assert ask(ours, Load(FLIP, {})) == Loaded()
        assert ask(ours, Sample(1, 1)) == Bits(bytes([0, 1]))
    thread.join(60)
    assert not thread.is_alive()
    theirs.close()
