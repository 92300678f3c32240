"""What you would write on the first page of your notebook: run this, and give me the numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from local_station import local_station

from stationd import CircuitResult, JobRef, NativeCircuit, Observation, Sweep, SweepData, jobs
from stationd.client.results.outcome import Outcome

QPU = """
[controllers.qpu]
driver = "simulated-qpu"
options = { qubits = 5, time_per_shot = 0.0, shots_per_block = 10000 }

[targets.qpu]
controller = "qpu"
"""
"""Five qubits in a star. Its noise is what the calibration set says."""

BENCH = """
[controllers.source]
driver = "simulated-source"
options.cable = "{folder}/cable"

[controllers.readout]
driver = "simulated-readout"
options.cable = "{folder}/cable"
"""


def bench(**sample: float) -> str:
    """Return a station's tables: a pulse source, and a readout with the sample in front of it.

    Args:
        sample: Options of ``simulated-readout``: the constants of nature, and the noise's seed.
    """
    return BENCH + "".join(f"options.{name} = {value}\n" for name, value in sample.items())


@contextmanager
def station(controllers: str) -> Iterator[None]:
    """Run a station with some controllers; or use the one that ``STATIOND_ENDPOINT`` names.

    Args:
        controllers: The configuration's tables, as in ``examples/stationd.toml``.
    """
    if os.environ.get("STATIOND_ENDPOINT"):
        yield
        return
    with local_station(controllers) as one:
        one.wait_connected()
        yield


def run_sweep(sweep: Sweep, name: str) -> SweepData:
    """Submit a sweep, wait for it, and return its data."""
    (data,) = _outcomes(jobs.submit(sweep=sweep, name=name))
    assert isinstance(data, SweepData)
    return data


def calibrate(observed: Mapping[str, float]) -> str:
    """Store what was measured of the QPU, by path, and return the calibration set's id."""
    observations = [Observation(path=path, value=value) for path, value in observed.items()]
    return jobs.import_calibration("qpu", observations).id


def run_circuits(
    programs: Sequence[str | NativeCircuit], shots: int, name: str, *, calibration: str
) -> list[CircuitResult]:
    """Submit circuits as one job, wait for it, and return their outcomes in the same order.

    Args:
        programs: OpenQASM text, or native operations, which nothing compiles.
        shots: Of each circuit.
        name: The job's, for people.
        calibration: The id of a calibration set.
    """
    job = jobs.submit(
        programs=programs, n_shots=shots, name=name, calibration_set=calibration, seed=1
    )
    return [one for one in _outcomes(job) if isinstance(one, CircuitResult)]


def _outcomes(job: JobRef) -> list[Outcome]:
    jobs.wait_for(job)
    return [jobs.download_result(reference) for reference in jobs.results(job)]
