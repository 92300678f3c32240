"""Which requests have a line in the audit log.

Rule 1. Every request that changes something, whatever became of it. But for submits its answer
        waits until the line is on disk; a submit's job is in the journal, with its creator.
Rule 2. Every other request that was refused because of who asked, how much they have, how often
        they asked, or what no client would send.
Rule 3. Somebody who is refused again and again fills no disk: further refusals are counted, and
        the next line that there is room for has the count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import Failure, Reply, Submit, SubmitMany
from stationd.runtime.audit.answered import Asked
from stationd.runtime.limits.bucket import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.runtime.audit.trail import Trail
    from stationd.runtime.clock import Clock

REFUSALS_PER_SECOND: Final = 1.0
REFUSALS_AT_ONCE: Final = 100
_MOST_KNOWN: Final = 10_000
"""People whose refusals are counted; then all counts begin anew."""
_REFUSED: Final = frozenset(
    {
        ErrorCode.FORBIDDEN,
        ErrorCode.LIMIT_REACHED,
        ErrorCode.TOO_MANY_REQUESTS,
        ErrorCode.MALFORMED_FRAME,
        ErrorCode.UNSUPPORTED_VERSION,
    }
)


class Auditor:
    """Takes note of requests.

    Args:
        trail: Where the lines go.
        clock: Tells when.
    """

    def __init__(self, trail: Trail, clock: Clock) -> None:
        self.trail = trail
        self._clock = clock
        self._refusals: dict[str, tuple[Bucket, int]] = {}

    def changed(self, asked: Asked, reply: Reply, send: Callable[[], object]) -> None:
        """Take note of the answer to a request that changes something.

        Args:
            asked: The request.
            reply: The answer.
            send: Sends it; called at once or once the line is on disk.
        """
        later: Callable[[], None] | None = None
        if isinstance(asked.request, Submit | SubmitMany) or isinstance(reply, Failure):
            send()
        else:
            later = lambda: _done(send)  # noqa: E731 - nothing but the call
        self._note(asked, reply, later)

    def refused(self, asked: Callable[[], Asked], reply: Failure) -> None:
        """Take note of a refusal, if it is one that matters.

        Args:
            asked: Returns the request.
            reply: The refusal.
        """
        if reply.error.code in _REFUSED:
            self._note(asked(), reply, None)

    def _note(self, asked: Asked, reply: Reply, written: Callable[[], None] | None) -> None:
        left_out = 0
        if isinstance(reply, Failure):
            # Keys cost nothing: whoever has no name is known by where they are.
            who = asked.user or asked.peer or asked.means
            bucket, left_out = self._refusals_of(who)
            if bucket.take(self._clock.monotonic()):
                self._refusals[who] = bucket, left_out + 1
                return
            self._refusals[who] = bucket, 0
        self.trail.note(asked, reply, self._clock.time(), left_out, written)

    def _refusals_of(self, who: str) -> tuple[Bucket, int]:
        found = self._refusals.get(who)
        if found is None:
            if len(self._refusals) >= _MOST_KNOWN:
                self._refusals.clear()
            now = self._clock.monotonic()
            found = Bucket(REFUSALS_PER_SECOND, REFUSALS_AT_ONCE, now), 0
        return found


def _done(send: Callable[[], object]) -> None:
    send()
