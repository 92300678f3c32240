"""What clients ask for about results, before the job is over.

A part of the jobs protocol, whose rules hold here too.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.job import JobId
from stationd.proto.number import Natural


class Peek(Struct, frozen=True, array_like=True, tag=47):
    """Show one job whole, with what there is of its results. Answered by Job.

    Results of a job that is at work can be fetched for a while, and are not those that the job
    ends with. Of a job that is not at work it is what Get shows.
    """

    request: Natural
    job: JobId
