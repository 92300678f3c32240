"""Part of the instruments protocol: lines of a controller's log that belong to jobs.

The rules of `proto.instruments_protocol` hold here too.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from stationd.proto.job import JobId
from stationd.proto.number import Natural
from stationd.proto.station_requests import LogLine

MOST_LINES_IN_REPORT: Final = 50


class JobLine(Struct, frozen=True, array_like=True):
    """A line, and whose it is."""

    jobs: tuple[JobId, ...]
    line: LogLine


class Logged(Struct, frozen=True, array_like=True, tag=16):
    """What a controller has logged of jobs. May be lost, and comes after what is more urgent."""

    lines: Annotated[tuple[JobLine, ...], Meta(max_length=MOST_LINES_IN_REPORT)]
    lost: Natural = 0
    """Lines that found no room since the last report."""
