"""What stationd does, in half a minute: `make demo`.

Starts a station with three simulated controllers, runs two circuits and a sweep on it, cancels
a fourth job in mid-run, submits a fifth that cannot run, and shows what came of each. Every step
is checked; the first that goes wrong ends the demo, by name and with a code other than 0.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TypeVar

import matplotlib as mpl
import numpy as np
from fitting import Fit, Numbers, fit
from ladders import watch
from local_station import T1, LocalStation, local_station
from matplotlib import pyplot as plt
from rich.console import Console

from stationd import (
    CircuitResult,
    JobExecutorStatus,
    JobRef,
    JobStatus,
    StatusEnum,
    SweepData,
    aio,
    jobs,
    plot,
)

EXAMPLES = Path(__file__).parent
OUTPUT = EXAMPLES.parent / "demo-output"

T = TypeVar("T")

TYPO = """OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q;
hadamard q[0];
bit c = measure q[0];
"""
"""A circuit with a gate that there is not."""

SHOTS = 1000
LONG_SHOTS = 100_000
"""Ten seconds of shots: however slow the machine, the cancel comes before their end."""
CANCEL_AFTER = 5_000
COMMAND_SECONDS = 120
WATCH_SECONDS = 300
METRICS = (
    'stationd_jobs_ended_total{outcome="ready"}',
    'stationd_jobs_ended_total{outcome="failed"}',
    'stationd_jobs_ended_total{outcome="aborted"}',
    "stationd_journal_commits_total",
    'stationd_controller_up{controller="qpu"}',
)

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
steps: list[str] = []


def main() -> int:
    """Run the demo and return its exit code."""
    mpl.use("agg")
    # Whatever ends the demo ends its daemon too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with local_station() as station:
        try:
            show(station)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the daemon is ended
            console.print(f"\n[bold red]The demo failed at: {steps[-1]}[/]")
            console.print(f"{type(error).__name__}: {error}", markup=False)
            console.print(f"\nThe daemon's last words:\n{station.log[-2000:]}", markup=False)
            return 1
    return 0


def show(station: LocalStation) -> None:
    """Go through the steps."""
    step("Start a station")
    await_controllers(station)

    step("Import a calibration set")
    calibration = import_calibration(station)

    step("Submit five jobs, and watch them climb")
    bell, ghz, sweep, long, typo = watched = submit_all(station)
    cancel = {long.id: CancelInMidRun(long)}
    watch(list(watched), console, timeout=WATCH_SECONDS, on_update=cancel)
    show_rungs(watched)

    step("Look at the counts")
    show_counts(bell, {"00", "11"}, least=0.8)
    show_counts(ghz, {"00000", "11111"}, least=0.6)
    assert jobs.view(bell).calibration_set == calibration, "the calibration set was not used"

    step("Fit T1")
    show_relaxation(sweep)

    step("See what a cancelled job leaves")
    show_partial(long)

    step("See why a job failed")
    show_failure(typo)

    step("Draw who did what when")
    save_timelines([bell, ghz, sweep, long])

    step("Scrape the metrics")
    show_metrics(station)

    step("Stop the station")
    code = station.stop()
    assert code == 0, f"the daemon left with {code}"
    done("the daemon left with 0")


def step(name: str) -> None:
    """Begin a step."""
    steps.append(name)
    console.print(f"\n[bold blue]{len(steps)}. {name}[/]")


def done(text: str) -> None:
    """Say that something went well."""
    console.print(f"   [green]✓[/] {text}")


def await_controllers(station: LocalStation) -> None:
    """Wait until the daemon answers and all controllers have connected."""
    station.wait_connected()
    answer = jobs.ping()
    done(f"stationd {answer.version} answers at {answer.endpoint}")
    for one in jobs.controllers():
        done(f"controller {one.name} ({one.driver})")


def shell(station: LocalStation, *command: str) -> str:
    """Run a command as a user would, and return what it prints."""
    console.print(f"   [dim]$ {' '.join(command)}[/]")
    name, *arguments = command
    program = Path(sys.executable).with_name(name)
    ran = subprocess.run(
        [program, "--station", station.endpoint, *arguments],
        capture_output=True,
        text=True,
        cwd=EXAMPLES.parent,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    assert ran.returncode == 0, f"{name} left with {ran.returncode}: {ran.stderr.strip()}"
    return ran.stdout.strip()


def import_calibration(station: LocalStation) -> str:
    """Store the example's calibration set as the QPU's default, and return its id."""
    shell(station, "stationctl", "calibration", "import", "examples/calibration.toml", "--use")
    (chosen,) = (one for one in jobs.list_calibrations("qpu") if one.default)
    done(f"{chosen.observations} observations of {chosen.target}: {chosen.name}")
    return chosen.id


def submit_all(station: LocalStation) -> tuple[JobRef, ...]:
    """Submit two circuits, a sweep over two controllers, a job to cancel, and one to fail."""
    bell = jobs.submit(programs=EXAMPLES / "bell.qasm", n_shots=SHOTS, name="Bell")
    ghz = jobs.submit(programs=EXAMPLES / "ghz5.qasm", n_shots=SHOTS, name="GHZ")
    sweep = shell(station, "stationctl", "submit", "examples/t1_sweep.toml")
    long = jobs.submit(programs=EXAMPLES / "ghz5.qasm", n_shots=LONG_SHOTS, name="long")
    typo = jobs.submit(programs=TYPO, n_shots=SHOTS, name="typo")
    done("all five are on disk")
    return tuple(map(jobs.refresh, (bell, ghz, sweep, long, typo)))


def show_rungs(watched: tuple[JobRef, ...]) -> None:
    """Check that together the jobs have been at every status."""
    seen = {entry.status for job in watched for entry in jobs.view(job).timeline}
    missing = ", ".join(map(str, set(JobExecutorStatus) - seen))
    assert not missing, f"no job has been at {missing}"
    done(f"together they have been at all {len(seen)} statuses")


class CancelInMidRun:
    """Cancels a job once some of its shots are taken."""

    def __init__(self, job: JobRef) -> None:
        self._job = job
        self._cancelled = False

    async def __call__(self, update: JobStatus) -> None:
        """Look how far the job has come."""
        progress = update.progress
        if not self._cancelled and progress is not None and progress.done >= CANCEL_AFTER:
            self._cancelled = True
            await aio.jobs.cancel(self._job)


def show_counts(job: JobRef, expected: set[str], *, least: float) -> None:
    """Print and draw a circuit's outcomes, most of which should be the expected ones."""
    result = outcome(job, CircuitResult)
    counts = dict(sorted(result.counts.items(), key=lambda one: -one[1]))
    shown = ", ".join(f"{bits}: {count}" for bits, count in list(counts.items())[:5])
    share = sum(counts.get(bits, 0) for bits in expected) / result.shots
    assert share >= least, f"only {share:.0%} of the shots are {expected}: {shown}"
    done(f"{job.name}: {shown}{', ...' if len(counts) > 5 else ''}")
    save("counts-" + job.name.lower(), plot.histogram(counts))


def show_relaxation(job: JobRef) -> None:
    """Fit the sweep's decays, and compare their T1 with the one that the simulation has."""
    data = outcome(job, SweepData)
    found = fit(
        decays,
        data["source.delay"],
        data["readout.population"],
        sigma=0.02,  # 0.2 in one shot, and 100 of them
        t1=30e-6,
        low=0.1,
        middle=0.5,
        high=0.9,
        offset=0.0,
    )
    t1 = found["t1"]
    text = f"T1 = {t1.value * 1e6:.1f} ± {t1.sigma * 1e6:.1f} µs from the fit"
    assert abs(t1.value / T1 - 1) < 0.1, f"{text}, and the simulation used {T1 * 1e6:g} µs"
    done(f"{text}; the simulation used {T1 * 1e6:g} µs")
    save_sweep(data, found)


def decays(
    t: Numbers, *, t1: float, low: float, middle: float, high: float, offset: float
) -> Numbers:
    """Return what is left after `t` seconds of three excitations, ``(3, times)``."""
    return np.outer((low, middle, high), np.exp(-t / t1)) + offset


def show_partial(job: JobRef) -> None:
    """Show how much data a cancelled job has kept."""
    view = jobs.view(job)
    assert view.coarse is StatusEnum.CANCELLED, f"the job is {view.status}"
    result = outcome(job, CircuitResult)
    kept = len(result.bits)
    assert 0 < kept < result.shots, f"{kept} of {result.shots} shots were kept"
    done(f"{view.note}: {kept:,} of {result.shots:,} shots")


def show_failure(job: JobRef) -> None:
    """Show what a job says that cannot run."""
    view = jobs.view(job)
    assert view.coarse is StatusEnum.ERROR, f"the job is {view.status}"
    assert view.error is not None
    assert "hadamard" in str(view.error), f"the error does not name the gate: {view.error}"
    done(str(view.error))


def outcome(job: JobRef, kind: type[T]) -> T:
    """Return the result of a job with one item."""
    (reference,) = jobs.results(job, allow_incomplete=True)
    assert isinstance(reference, jobs.ResultRef), f"{job.name} has no result: {reference}"
    result = reference.download_result()
    assert isinstance(result, kind)
    return result


def save_sweep(data: SweepData, found: Fit) -> None:
    """Draw the sweep and its fit."""
    axes = plot.sweep(data, fits=[lambda t, k=k: found(t)[k] for k in range(3)])
    t1 = found["t1"]
    axes.set_title(f"T1 = {t1.value * 1e6:.1f} ± {t1.sigma * 1e6:.1f} µs")
    save("t1-sweep", axes)


def save_timelines(watched: list[JobRef]) -> None:
    """Draw what each job did when."""
    axes = plt.figure(figsize=(9, 3.2), layout="constrained").add_subplot()
    plot.timelines([jobs.view(job) for job in watched], axes=axes)
    save("timelines", axes)


def save(name: str, axes: plt.Axes) -> None:
    """Write a picture to the folder of pictures."""
    OUTPUT.mkdir(exist_ok=True)
    file = OUTPUT / f"{name}.png"
    axes.figure.savefig(file, dpi=150)
    assert file.stat().st_size > 0
    done(f"{file.relative_to(EXAMPLES.parent)}")


def show_metrics(station: LocalStation) -> None:
    """Print some of what Prometheus would scrape."""
    with urllib.request.urlopen(station.metrics_url, timeout=60) as answer:  # noqa: S310 - our own
        lines = answer.read().decode().splitlines()
    for metric in METRICS:
        found = [line for line in lines if line.startswith(metric + " ")]
        assert found, f"there is no metric {metric}"
        console.print(f"   {found[0]}", markup=False)
    assert f"{METRICS[0]} 3.0" in lines, "three jobs ended well, and the metrics say otherwise"


if __name__ == "__main__":
    sys.exit(main())
