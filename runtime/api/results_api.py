"""What clients ask for about results: pieces of those that are stored, and what there is so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stationd.proto.error import UnknownArtifact
from stationd.proto.jobs_protocol import Chunk, Fetch, Job
from stationd.proto.result_requests import Peek
from stationd.runtime.api.client_text import shown
from stationd.runtime.work.previews import with_previews

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stationd.proto.job import JobId, JobView
    from stationd.runtime.api.client import Client
    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.live import LiveJob
    from stationd.runtime.work.artifacts import Artifacts
    from stationd.runtime.work.previews import Previews

ResultRequest = Fetch | Peek


class ResultsApi:
    """The part of the jobs API that is about results.

    Args:
        queries: Know where stored results are.
        artifacts: Reads them.
        previews: What there is of the results of jobs that are at work.
        view: Returns a job as clients see it.
        under_way: Returns a job that is.
    """

    def __init__(
        self,
        queries: Queries,
        artifacts: Artifacts,
        previews: Previews,
        view: Callable[[JobId], Awaitable[JobView]],
        under_way: Callable[[JobId], LiveJob | None],
    ) -> None:
        self._queries = queries
        self._artifacts = artifacts
        self._previews = previews
        self._view = view
        self._under_way = under_way

    async def answer(self, client: Client, request: ResultRequest) -> None:
        """Carry out a request and send the reply.

        Raises:
            StationError: It cannot be carried out.
        """
        if isinstance(request, Peek):
            await self._peek(client, request)
        else:
            await self._fetch(client, request)

    async def _peek(self, client: Client, request: Peek) -> None:
        live = self._under_way(request.job)
        built = () if live is None else await self._previews.items(live)
        # Asked for last: if the job has ended meanwhile, its own results are in it.
        view = await self._view(request.job)
        if built and not view.status.is_terminal and view.attempt == built[0].attempt:
            view = msgspec.structs.replace(view, items=with_previews(view.items, built))
        client.send(Job(request.request, view))

    async def _fetch(self, client: Client, request: Fetch) -> None:
        preview = await self._previews.read(request.artifact, request.offset)
        if preview is not None:
            stored, data = preview
            client.send(Chunk(request.request, stored.ref, request.offset), data)
            return
        found = await self._queries.artifact(request.artifact)
        if found is None:
            raise unknown_result(request.artifact)
        data = await self._artifacts.read(found, request.offset)
        client.send(Chunk(request.request, found.ref, request.offset), data)


def unknown_result(artifact: str) -> UnknownArtifact:
    """Return the error for whoever asks for a result that is not there."""
    return UnknownArtifact(
        f"there is no result {shown(artifact)} at this station (any more): jobs"
        " that are deleted, also by [retention], take their results with them"
    )
