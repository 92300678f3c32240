"""Programs that would have the compiler eat memory or time: each fails, clearly and soon."""

from collections.abc import Iterator
from typing import Final

import pytest

import stationd
from stationd import jobs
from stationd.proto.error import ErrorCode, StationError
from stationd.proto.program import OpenQasm
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.station import PATIENCE, QPU, Station

H3: Final = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
H2: Final = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
END3: Final = "qubit[2] q;\nbit[2] c;\n{}\nc = measure q;\n"


def doubling(levels: int) -> str:
    """Return gates of which each calls the one before twice."""
    gates = ["gate g0 a { h a; }"]
    gates += [f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}" for n in range(1, levels + 1)]
    return "\n".join(gates)


HOSTILE: Final = {
    "gates that double, in version 3": H3 + doubling(40) + END3.format("g40 q[0];"),
    "gates that double, in version 2": (
        H2 + doubling(40) + "\nqreg q[1];\ncreg c[1];\ng40 q[0];\nmeasure q[0] -> c[0];\n"
    ),
    "a gate that calls itself": H3 + "gate g a { g a; }\n" + END3.format("g q[0];"),
    "brackets in brackets": H3 + END3.format(f"rx({'(' * 50_000}1{')' * 50_000}) q[0];"),
    "signs without end": H3 + END3.format(f"rx({'-' * 200_000}1) q[0];"),
    "a sum without end": H3 + END3.format(f"rx({'1+' * 200_000}1) q[0];"),
    "powers of powers": H3 + END3.format("rx(9**9**9**9**9**9) q[0];"),
    "a loop of 1e9": H3 + END3.format("for int i in [0:1000000000] { h q[0]; }"),
    "a loop for ever": H3 + END3.format("while (true) { h q[0]; }"),
    "a power of 1e9": H3 + END3.format("pow(1000000000) @ h q[0];"),
    "controls of 1e9": H3 + END3.format("ctrl(1000000000) @ x q[0], q[1];"),
    "a huge integer": H3 + END3.format(f"rx({'9' * 100_000}) q[0];"),
    "a huge register": H3 + "qubit[2000000000] q;\nbit c;\nc = measure q[0];\n",
    "huge registers of bits": H3 + "qubit q;\nbit[2000000000] c;\nc[0] = measure q;\n",
    "a million gates": H3 + END3.format("h q[0];\n" * 1_000_000),
    "a million gates on all": H3 + END3.format("h q;\n" * 500_000),
    "a comment without end": H3 + "/*" * 2_000_000,
    "a million parameters": H3
    + f"gate g({','.join(f'p{n}' for n in range(200_000))}) a {{ h a; }}\n"
    + END3.format("h q[0];"),
    "an array in arrays": H3 + END3.format("array[float, 1000, 1000, 1000, 1000] a;"),
    "constants that grow": H3
    + "const int a0 = 2;\n"
    + "\n".join(f"const int a{n} = a{n - 1} * a{n - 1};" for n in range(1, 60))
    + END3.format("rx(a59) q[0];"),
    "an alias of aliases": H3
    + END3.format(
        "\n".join(f"let a{n} = {'q' if n == 0 else f'a{n - 1}'};" for n in range(20_000))
    ),
    "files of the station": H3 + 'include "/dev/zero";\n' + END3.format("h q[0];"),
    "no text at all": "\0" * 4_000_000,
}
CODES: Final = {
    ErrorCode.INVALID_JOB,
    ErrorCode.COMPILATION_FAILED,
    ErrorCode.STAGE_TIMEOUT,
    ErrorCode.WORKER_DIED,
}
_LIMITS: Final = """
[deadlines]
validation = 30.0
compilation = 30.0
"""


@pytest.fixture(scope="module")
def qpu() -> Iterator[Station]:
    pytest.importorskip("qiskit", reason="circuits are compiled by stationd[qiskit]")
    station = Station(
        "asyncio", QPU, _LIMITS, settings=[("prewarm = false", "prewarm = true\nmemory_gib = 1.0")]
    )
    try:
        station.start()
        station.wait_connected("qpu")
        stationd.connect(station.endpoint)
        yield station
        station.check()
    finally:
        station.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_it_fails_clearly_and_the_next_program_runs(qpu: Station, name: str) -> None:
    daemon = qpu.pid
    with pytest.raises(StationError) as caught:
        jobs.wait_for(
            jobs.submit(programs=OpenQasm(source=HOSTILE[name]), n_shots=10, target="qpu"),
            timeout=PATIENCE,
        )
    assert caught.value.code in CODES, caught.value
    assert len(str(caught.value)) < 10_000
    good = jobs.submit(programs=H3 + END3.format("h q[0];"), n_shots=10, target="qpu")
    assert jobs.wait_for(good, timeout=PATIENCE).status is JobExecutorStatus.READY
    assert qpu.pid == daemon
