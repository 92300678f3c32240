"""Setting and reading one thing or a few, each time as a job of its own; asynchronous.

Such a job waits in the queue like any other, so that nobody touches an instrument behind a job
that runs. It is a sweep of one spot: of settings alone, or of readouts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stationd.client.projects.project_ref import ProjectRef
from stationd.client.references.job import JobRef
from stationd.client.results.fetching import download_result, results
from stationd.client.results.outcome import SweepData
from stationd.client.submission.running import submit
from stationd.client.waiting.following import wait_for
from stationd.proto.error import JobNotFinished, RequestError
from stationd.proto.program import SettingValue, Sweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_NAMED = 3
"""Names in the name of a job."""


@dataclass(frozen=True)
class ReadoutValue:
    """What was read."""

    name: str
    """Dotted, the controller's name first."""
    value: SettingValue | complex | NDArray[Any]
    """A scalar, or an array of the declared shape."""
    unit: str
    """Empty if there is none."""


async def start_set(
    settings: Mapping[str, SettingValue],
    *,
    name: str = "",
    project: ProjectRef | str | None = None,
    priority: int = 0,
) -> JobRef:
    """Store a job that sets some settings; the arguments are those of `set_settings`.

    Raises:
        RequestError: There is nothing to be set.
        StationError: As `submit`.
    """
    if not settings:
        raise RequestError("nothing is to be set: name a setting and its value")
    return await submit(
        sweep=Sweep(settings=dict(settings)),
        name=name or _named("set", settings),
        project=project,
        priority=priority,
    )


async def set_settings(
    settings: Mapping[str, SettingValue],
    *,
    name: str = "",
    project: ProjectRef | str | None = None,
    priority: int = 0,
    timeout: float | None = None,
) -> JobRef:
    """Set some settings in a job of its own, and wait until that is done.

    They are applied in their order, controller by controller.

    Args:
        settings: Values by dotted name, as in ``{"source.delay": 1e-6}``.
        name: Of the job; made of the settings' names if it is empty.
        project: The project that the job belongs to; None for that of `using_project`.
        priority: -1000 to 1000; the higher goes first.
        timeout: Seconds to wait; None for as long as it takes.

    Returns:
        The job.

    Raises:
        InvalidJob: There is no such setting, or a value is not of its type or beyond its limits.
        WaitTimeout: It has not been done in time. The job goes on.
        JobError: The job failed, or was cancelled.
        StationError: The station's refusal.
    """
    job = await start_set(settings, name=name, project=project, priority=priority)
    await wait_for(job, timeout=timeout)
    return job


async def start_get(
    names: Iterable[str],
    *,
    name: str = "",
    project: ProjectRef | str | None = None,
    priority: int = 0,
) -> JobRef:
    """Store a job that takes some readings; the arguments are those of `get_readouts`.

    Raises:
        RequestError: There is nothing to be read.
        StationError: As `submit`.
    """
    wanted = tuple(names)
    if not wanted:
        raise RequestError("nothing is to be read: name a readout")
    return await submit(
        sweep=Sweep(returns=wanted),
        name=name or _named("get", wanted),
        project=project,
        priority=priority,
    )


async def get_readouts(
    names: Iterable[str],
    *,
    name: str = "",
    project: ProjectRef | str | None = None,
    priority: int = 0,
    timeout: float | None = None,
) -> dict[str, ReadoutValue]:
    """Take one reading of each of some readouts in a job of its own.

    A setting that can be read back is a readout, too.

    Args:
        names: Dotted, as in ``["readout.population"]``.
        name: Of the job; made of the readouts' names if it is empty.
        project: The project that the job belongs to; None for that of `using_project`.
        priority: -1000 to 1000; the higher goes first.
        timeout: Seconds to wait; None for as long as it takes.

    Returns:
        The readings by name, in the order of `names`.

    Raises:
        InvalidJob: There is no such readout.
        WaitTimeout: They have not come in time. The job goes on.
        JobError: The job failed, or was cancelled.
        StationError: The station's refusal.
    """
    wanted = tuple(names)
    job = await start_get(wanted, name=name, project=project, priority=priority)
    await wait_for(job, timeout=timeout)
    found = await values_of(job)
    return {one: found[one] for one in wanted}


async def values_of(job: JobRef) -> dict[str, ReadoutValue]:
    """Return what a job of `start_get` has read, by name.

    Raises:
        JobNotFinished: There is nothing yet.
    """
    (item,) = await results(job)
    outcome = await download_result(item)
    if not isinstance(outcome, SweepData):
        raise JobNotFinished(f"job {job.id} is no sweep")
    return {
        name: ReadoutValue(name, array if array.ndim else array.item(), outcome.units.get(name, ""))
        for name, array in outcome.arrays.items()
    }


def _named(verb: str, names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    return f"{verb} {', '.join(every[:_MOST_NAMED])}{more}"
