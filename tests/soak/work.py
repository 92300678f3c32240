"""The jobs that clients under soak submit: enough of every kind that every rung is visited."""

from collections.abc import Callable, Mapping
from random import Random

from stationd.proto.calibration import Observation
from stationd.proto.job import JobSpec
from stationd.proto.program import Circuits, Compile, NullProgram, OpenQasm
from tests.soak.notes import Kind

NULL_TARGETS = ("left", "right")
QPU = "qpu"
BELL = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""
OBSERVATIONS = [Observation(path="QB1.t1", value=5e-5, unit="s")]
SHARES: Mapping[Kind, int] = {"null": 66, "lasting": 12, "circuits": 8, "compile": 10, "bad": 4}
"""Of a hundred jobs."""

_DURATIONS = (0.0, 0.0, 0.0, 0.001, 0.005, 0.02, 0.1)
"""Seconds that null jobs take; two controllers keep up with a burst of them."""
_WORKED_UP_OUTSIDE = 21
"""Items from which the results of a job are built in a worker, and not in the daemon's loop."""


def kind_of_job(random: Random) -> Kind:
    """Return what the next job is to be."""
    return random.choices(list(SHARES), list(SHARES.values()))[0]


def spec_of(kind: Kind, random: Random, calibrations: Mapping[str, str]) -> JobSpec:
    """Return a job.

    Args:
        kind: Of which kind.
        random: Decides its details.
        calibrations: The calibration set of each target; a job that names one asks the journal.
    """
    work = _WORK[kind](random)
    named = calibrations[work.target] if random.random() < 0.5 else None
    lasting = kind == "lasting"
    return JobSpec(
        work=work,
        name=kind,
        priority=random.choice((-1, 0, 0, 1)),
        calibration_set=named,
        on_lost="requeue" if lasting else "fail",
        max_attempts=3 if lasting else 1,
    )


def _null(random: Random) -> Circuits:
    duration = random.choice(_DURATIONS)
    programs = (NullProgram(duration=duration),)
    return Circuits(programs=programs, n_shots=(1,), target=random.choice(NULL_TARGETS))


def _circuits(random: Random) -> Circuits:
    shots = random.choice((10, 500, 2000))
    return Circuits(programs=(OpenQasm(source=BELL),) * 2, n_shots=(shots, shots), target=QPU)


def _compile(random: Random) -> Compile:
    items = random.choice((1, 2, _WORKED_UP_OUTSIDE))
    return Compile(programs=(OpenQasm(source=BELL),) * items, target=QPU)


def _bad(random: Random) -> Circuits:
    return Circuits(programs=(OpenQasm(source="OPENQASM 3.0; h q;"),), n_shots=(1,), target=QPU)


_WORK: Mapping[Kind, Callable[[Random], Circuits | Compile]] = {
    "null": _null,
    "lasting": _null,
    "circuits": _circuits,
    "compile": _compile,
    "bad": _bad,
}
