"""Part of the jobs protocol: results, of jobs that are over and of those at work.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stationd.proto.job import ArtifactRef, JobId
from stationd.proto.number import Natural

CHUNK_BYTES: Final = 1024 * 1024
"""Artifacts travel in pieces of this size at most."""


class Fetch(Struct, frozen=True, array_like=True, tag=6):
    """Send a piece of a stored result. Answered by Chunk."""

    request: Natural
    artifact: str
    offset: Natural = 0


class Peek(Struct, frozen=True, array_like=True, tag=47):
    """Show one job whole, with what there is of its results. Answered by Job.

    Results of a job that is at work can be fetched for a while, and are not those that the job
    ends with. Of a job that is not at work it is what Get shows.
    """

    request: Natural
    job: JobId


class Chunk(Struct, frozen=True, array_like=True, tag=106):
    """A piece of a stored result; its bytes are the frame that follows."""

    request: int
    artifact: ArtifactRef
    offset: int
