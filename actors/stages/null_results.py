"""Results of null programs: there is no raw data, so nothing is built and nothing can fail."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from stationd.actors.stages.requests import ItemOutcome
from stationd.proto.job import ArtifactRef
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.result import NullResult, encode_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.job import JobId

MOST_ITEMS: Final = 20
"""More items than these take a worker: the daemon's loop has other work."""
_MOST_KNOWN: Final = 256
"""Durations whose results are remembered; most jobs that measure the station are alike."""


def null_outcomes(
    job: JobId, attempt: int, circuits: Circuits, items: Sequence[int], *, partial: bool
) -> list[ItemOutcome]:
    """Return what `post_process` makes of items that are null programs, much sooner.

    Args:
        job: The job.
        attempt: Its attempt.
        circuits: Its programs, all of them null.
        items: The items to build, in this order.
        partial: The execution was cut short, and the results are marked.
    """
    outcomes: list[ItemOutcome] = []
    for item in items:
        program = circuits.programs[item]
        data, sha256 = _sealed(program.duration if isinstance(program, NullProgram) else 0.0)
        reference = ArtifactRef(id=f"{job}/{attempt}/{item}", size_bytes=len(data), sha256=sha256)
        outcomes.append(ItemOutcome(index=item, result=reference, data=data, partial=partial))
    return outcomes


@lru_cache(_MOST_KNOWN)
def _sealed(duration: float) -> tuple[bytes, str]:
    data = encode_result(NullResult(duration=duration))
    return data, hashlib.sha256(data).hexdigest()
