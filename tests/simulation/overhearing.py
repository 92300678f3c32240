"""What users are sent, and whether it is of jobs that they may read.

Every frame to a user is looked through for the ids of jobs. Rows of lists, facts, views, results
and errors all name their job, and what does not is asked for by `guests`, who know the job.
"""

import re
from typing import Final

import anyio

from stationd.proto.codec import REPLIES
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Events, Failure, ProgressReport, Reply, Snapshot
from tests.simulation.rights import Rights, may, may_read
from tests.simulation.trace import Trace

ANSWERED_WITHIN: Final = 1.0
"""Seconds that an answer may come after what was allowed when it was asked for is not any more."""
_ID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STREAMED: Final = (Events, Snapshot, ProgressReport)
_OF_NOBODY: Final = {ErrorCode.UNKNOWN_JOB, ErrorCode.UNKNOWN_ARTIFACT}
"""What is told of an id that nobody knows."""


class Overhearing:
    """Compares all that users are sent with what they may read.

    Args:
        rights: What they may.
        trace: Is told.
    """

    def __init__(self, rights: Rights, trace: Trace) -> None:
        self._rights = rights
        self._trace = trace

    def take(self, user: str, parts: list[bytes]) -> None:
        """Look at a message to a user."""
        rights, since = self._rights, anyio.current_time() - ANSWERED_WITHIN
        if not rights.settings.users or rights.now(may(user, "operator")):
            return
        named = {JobId(found.decode()) for found in _ID.findall(parts[0])}
        hidden = [
            job
            for job in sorted(named & rights.creators.keys())
            if not rights.now(may_read(user, rights.creators[job]))
        ]
        if not hidden:
            return
        reply = REPLIES.decode(parts[0])
        for job in hidden:
            late = rights.ever(since, may_read(user, rights.creators[job]))
            if not (_tells_nothing(reply) or (late and not isinstance(reply, _STREAMED))):
                kind, creator = type(reply).__name__, rights.creators[job]
                self._trace.violation(kind, "tells", user, "of job", job, "of", creator)


def _tells_nothing(reply: Reply) -> bool:
    return isinstance(reply, Failure) and reply.error.code in _OF_NOBODY
