"""What a station is doing as a whole, and what it has logged of a job; asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.client.references import id_of
from stationd.client.shared import connection
from stationd.proto.station_requests import JobLog, Overview, ReadLog, Survey

if TYPE_CHECKING:
    from stationd.client.references import Job


async def overview() -> Overview:
    """Return what the station is doing, in numbers, and what it is executing."""
    return await connection().ask(Survey(0), Overview)


async def job_log(job: Job) -> JobLog:
    """Return what the daemon and the controllers have logged of a job.

    Raises:
        UnknownJob: The station does not know it.
    """
    return await connection().ask(ReadLog(0, id_of(job)), JobLog)
