"""A stream of facts about jobs, which outlives the connection.

Rule 1. Every Listen has a number of its own, and frames of older ones are not taken: so what
        arrives is in order, and nothing arrives twice.
Rule 2. A stream goes on after the last fact that arrived, so nothing is left out.
Rule 3. The daemon may send what was granted and no more, so a slow reader holds at most
        `WINDOW` events.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import msgspec

from stationd.proto.error import TooManyRequests, UnknownJob
from stationd.proto.jobs_protocol import (
    Events,
    Grant,
    Listen,
    ProgressReport,
    Reply,
    Snapshot,
    StreamBeat,
    Unlisten,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.client.connection.line import Line
    from stationd.proto.error import StationError
    from stationd.proto.job import JobId

WINDOW: Final = 10_000
"""Events that may be on their way or unread."""
SILENCE: Final = 15.0
"""Seconds without a frame after which the stream is asked for again; the daemon beats every 5."""

Frame = Snapshot | Events | ProgressReport


class Stream:
    """Facts about some jobs. One task at a time may receive.

    Args:
        line: The connection to ask on.
        jobs: Ids; None for all jobs.
        after: Go on after this sequence number; None to begin with a snapshot.
        silence: Seconds without a frame after which the stream is asked for again.
    """

    def __init__(
        self,
        line: Line,
        jobs: tuple[JobId, ...] | None,
        after: int | None = None,
        *,
        silence: float = SILENCE,
    ) -> None:
        self._line = line
        self._jobs = jobs
        self._leaving: set[JobId] = set()
        self._left = False
        self._seq = after
        self._silence = silence
        self._arrived: deque[Frame] = deque()
        self._unread = 0
        self._credit = 0
        self._heard = False
        self._error: StationError | None = None
        self._refused: TooManyRequests | None = None
        self._wake = anyio.Event()
        self._number = self._ask()

    async def receive(self) -> Frame:
        """Wait for the next frame; events that came before are never among it.

        Raises:
            UnknownJob: The station does not know one of the jobs.
            StationUnreachable: Nobody has answered yet. Once somebody has, a stream waits for
                as long as it takes.
            StationError: The station refuses the stream.
        """
        while not self._arrived:
            if self._error is not None:
                raise self._error
            await (self._wait() if self._refused is None else self._wait_for_turn(self._refused))
        # Also if it was there at once: a reader that is behind must not keep a timeout waiting.
        await anyio.lowlevel.checkpoint()
        frame = self._arrived.popleft()
        if isinstance(frame, Events):
            self._grant(len(frame.events))
        return frame

    def leave(self, job: JobId) -> None:
        """Ask no more for one of several jobs, should the stream have to be asked for again."""
        self._leaving.add(job)
        self._left = True

    def close(self) -> None:
        """End the stream."""
        self._line.forget(self._number)
        if self._error is None:
            self._line.mention(Unlisten(self._number))

    def take(self, reply: Reply, frames: Sequence[bytes]) -> None:
        """Take a frame of this stream."""
        match reply:
            case Snapshot():
                self._seq = reply.seq
                self._arrived.append(reply)
            case Events():
                self._take_events(reply)
            case ProgressReport():
                self._arrived.append(reply)
            case StreamBeat():
                pass
            case _:
                return
        del frames
        self._heard = True
        self._wake.set()

    def fail(self, error: StationError) -> None:
        """Take note that no more comes."""
        if self._left and isinstance(error, UnknownJob):
            # It may be one that nobody waits for any more and that was deleted meanwhile.
            self.send_again()
            return
        if isinstance(error, TooManyRequests) and error.info.retry_after:
            self._refused = error
            self._wake.set()
            return
        self._error = error
        self._line.forget(self._number)
        self._wake.set()

    def send_again(self) -> None:
        """Ask for what follows the last fact that has arrived."""
        self._line.forget(self._number)
        self._line.mention(Unlisten(self._number))
        self._number = self._ask()
        self._wake.set()

    def _ask(self) -> int:
        self._left = False
        if self._jobs is not None:
            self._jobs = tuple(job for job in self._jobs if job not in self._leaving)
        self._credit = WINDOW - self._unread
        return self._line.begin(Listen(0, self._jobs, self._seq, self._credit), self)

    async def _wait(self) -> None:
        self._wake = anyio.Event()
        limit = self._silence if self._heard else self._line.first_wait
        with anyio.move_on_after(limit):
            await self._wake.wait()
            return
        if not self._heard:
            raise await self._line.unreachable()
        self.send_again()

    async def _wait_for_turn(self, refusal: TooManyRequests) -> None:
        # A stream that nobody listens to yet costs nothing: it waits as long as it takes.
        await anyio.sleep(refusal.info.retry_after or 0.0)
        self._refused = None
        self.send_again()

    def _take_events(self, events: Events) -> None:
        new = events.events
        self._credit -= len(new)
        seen = -1 if self._seq is None else self._seq
        # They ascend, so most often it is enough to look at the first.
        if new and new[0].entry.seq <= seen:
            new = tuple(event for event in new if event.entry.seq > seen)
        if new:
            self._seq = new[-1].entry.seq
            self._unread += len(new)
            self._arrived.append(msgspec.structs.replace(events, events=new))

    def _grant(self, read: int) -> None:
        self._unread -= read
        room = WINDOW - self._unread - self._credit
        if room >= WINDOW // 2:
            self._credit += room
            self._line.mention(Grant(self._number, room))
