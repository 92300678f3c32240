"""Where results come from; asynchronous."""

from __future__ import annotations

from stationd.client.connection.shared import connection
from stationd.client.references.item import IncompleteJobItemRef, ItemRef
from stationd.client.references.job import Job, id_of
from stationd.proto.error import RequestError, UnknownArtifact
from stationd.proto.provenance import Provenance, ProvenanceAnswer, ReadProvenance

_PARTS = 3
"""Of an artifact's id: the job, the attempt and the item."""


async def provenance(
    of: Job | ItemRef | IncompleteJobItemRef, item: int | None = None
) -> Provenance:
    """Return where a result comes from: what ran on what, with which versions and calibration.

    Args:
        of: A result's reference; the id of an artifact, as in ``<job>/<attempt>/<item>``; or a
            job.
        item: Which one of a job; None for the first, or the one that the reference says.

    Raises:
        UnknownJob: The station does not know the job any more.
        UnknownArtifact: The artifact is not the item's result any more: a later attempt made
            another one.
        RequestError: The job has no such item, or `item` is not the one that `of` says.
    """
    if isinstance(of, ItemRef | IncompleteJobItemRef):
        return await _asked(of.job, of.index)
    job, named, artifact = _taken_apart(of, item)
    found = await _asked(job, named)
    if artifact and (found.artifact is None or found.artifact.id != artifact):
        raise UnknownArtifact(
            f"{artifact} is not the result of item {named} any more: attempt {found.attempt} has"
            " replaced it"
        )
    return found


async def _asked(job: Job, item: int) -> Provenance:
    request = ReadProvenance(0, id_of(job), item)
    return (await connection().ask(request, ProvenanceAnswer)).provenance


def _taken_apart(of: Job, item: int | None) -> tuple[Job, int, str]:
    """Return a job, an item of it, and the artifact that is meant, if one is."""
    if not isinstance(of, str) or "/" not in of:
        return of, item or 0, ""
    # What there is of the result of a job at work has an id that ends in where it is kept.
    artifact = of.partition("@")[0]
    parts = artifact.split("/")
    if len(parts) != _PARTS or not parts[2].isdecimal():
        raise RequestError(f"no result has the id {of[:100]!r}: it is job/attempt/item")
    named = int(parts[2])
    if item not in {None, named}:
        raise RequestError(f"{of} is the result of item {named}, and not of item {item}")
    return parts[0], named, "" if "@" in of else artifact
