"""What you would write on the first page of your notebook: run this, and give me the numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from local_station import local_station

from stationd import CircuitResult, JobRef, Sweep, SweepData, jobs
from stationd.client.results import Outcome

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


def run_circuits(
    programs: Sequence[str], shots: int, name: str, *, calibration: str
) -> list[CircuitResult]:
    """Submit circuits as one job, wait for it, and return their outcomes.

    They run as they are written: what is to be measured here is the gates.
    """
    job = jobs.submit(
        programs=programs,
        n_shots=shots,
        name=name,
        optimisation_level=0,
        calibration_set=calibration,
        seed=1,
    )
    outcomes = _outcomes(job)
    return [one for one in outcomes if isinstance(one, CircuitResult)]


def _outcomes(job: JobRef) -> list[Outcome]:
    jobs.wait_for(job)
    return [jobs.download_result(reference) for reference in jobs.results(job)]
