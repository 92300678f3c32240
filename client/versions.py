"""Which versions of what ran at a station, and when; asynchronous."""

from __future__ import annotations

from stationd.client.shared import connection
from stationd.proto.version_requests import ReadVersions, RunningVersions, Versions


async def versions(at_unix_s: float | None = None) -> tuple[RunningVersions, ...]:
    """Return what the daemon and each controller ran at a time, or last before it.

    Args:
        at_unix_s: The time; None for now.
    """
    return (await connection().ask(ReadVersions(0, at_unix_s), Versions)).running
