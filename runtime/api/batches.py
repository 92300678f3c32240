"""Batches of jobs on their way in: one after the other, a few jobs in each turn of the loop.

Rule 1. A batch is let in in small parts, so that whoever else asks does not wait for all of it.
Rule 2. Batches are let in in the order in which they came, and answered when all of each is.
        What a client sends after a batch comes in after it, too.
"""

from __future__ import annotations

from collections import Counter, deque
from functools import partial
from typing import TYPE_CHECKING, Final

from stationd.proto.error import (
    ErrorCode,
    ErrorInfo,
    JournalClosed,
    StationError,
    TooManyRequests,
)
from stationd.proto.jobs_protocol import Submit, SubmitAnswer, SubmitMany, SubmittedMany
from stationd.runtime.api.client_text import bounded
from stationd.runtime.api.resent import says_no_room
from stationd.runtime.giving_way import PART_SECONDS, give_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId, JobSpec
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.resent import Resent
    from stationd.runtime.clock import Clock
    from stationd.runtime.jobs.arrivals import NewJob

    Checked = Callable[[Client, JobId, JobSpec, Callable[[int, bool], None]], NewJob]

_STORED_TOGETHER: Final = 10
"""Jobs whose first steps are done in one turn of the loop; fewer if they take long to check."""
MOST_WAITING: Final = 4096
"""Batches, and jobs behind them, that wait to be let in; whoever sends more asks again later."""
_ASK_AGAIN_SECONDS: Final = 1.0


class Batches:
    """Lets batches in.

    Args:
        tasks: Runs that.
        resent: Compares jobs that are there already.
        check: Returns a job that may come in; raises a StationError for one that may not.
        store: Stores jobs in one write and starts them.
        submit: Lets a single job in.
        notice: Tells what whoever submits a job should know.
        since: Tells when a job was stored that has just been.
        fail: Answers a request that could not be carried out.
        clock: Tells when others should have their turn.
    """

    def __init__(
        self,
        *,
        tasks: TaskGroup,
        resent: Resent,
        check: Checked,
        store: Callable[..., None],
        submit: Callable[[Client, Submit], None],
        notice: Callable[[JobSpec], str],
        since: Callable[[JobId], float],
        fail: Callable[[Client, Submit | SubmitMany, Exception], None],
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._resent = resent
        self._check = check
        self._store = store
        self._submit = submit
        self._notice = notice
        self._since = since
        self._fail = fail
        self._clock = clock
        self._waiting: deque[tuple[Client, Submit | SubmitMany]] = deque()
        # How many of them are of each connection.
        self._of: Counter[tuple[int, bytes]] = Counter()
        self._working = False

    def hold_up(self, client: Client) -> bool:
        """Whether a client has sent a batch that is not in yet."""
        return _connection(client) in self._of

    def add(self, client: Client, request: Submit | SubmitMany) -> None:
        """Let in those of a batch that can run, soon, or a job that came after a batch.

        Raises:
            TooManyRequests: Too many wait already.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise TooManyRequests(
                ErrorInfo(
                    ErrorCode.TOO_MANY_REQUESTS,
                    f"{len(self._waiting)} batches and jobs wait to be let in already: try again"
                    f" in {_ASK_AGAIN_SECONDS:g} s",
                    retry_after=_ASK_AGAIN_SECONDS,
                )
            )
        self._waiting.append((client, request))
        self._of[_connection(client)] += 1
        if not self._working:
            self._working = True
            self._tasks.start_soon(self._work)

    async def _work(self) -> None:
        while self._waiting:
            client, request = self._waiting[0]
            try:
                for _ in self._let_in(client, request):
                    await give_way()
            except JournalClosed:
                # This daemon is ending: without an answer it is sent again, to the next one.
                pass
            except Exception as error:  # noqa: BLE001 - one request's failure is its own
                self._fail(client, request, error)
            self._waiting.popleft()
            self._let_go(_connection(client))
        self._working = False

    def _let_go(self, connection: tuple[int, bytes]) -> None:
        self._of[connection] -= 1
        if not self._of[connection]:
            del self._of[connection]

    def _let_in(self, client: Client, request: Submit | SubmitMany) -> Iterator[None]:
        """Let a batch in; yields when others should have their turn."""
        if isinstance(request, Submit):
            self._submit(client, request)
            return
        batch = _Batch(client, request, self._resent, self._notice, self._since)
        accepted: list[NewJob] = []
        ends = self._clock.monotonic() + PART_SECONDS
        for index, (new, answer) in enumerate(zip(request.jobs, batch.answers, strict=True)):
            try:
                accepted.append(self._check(client, new.job, new.spec, answer))
            except StationError as error:
                batch.refuse(index, error)
            if (index + 1) % _STORED_TOGETHER == 0 or self._clock.monotonic() > ends:
                self._store(*accepted)
                accepted.clear()
                yield
                ends = self._clock.monotonic() + PART_SECONDS
        self._store(*accepted)
        batch.send_if_complete()


def _connection(client: Client) -> tuple[int, bytes]:
    return id(client.socket), client.identity


class _Batch:
    """The answers to a batch, sent when all are there."""

    def __init__(
        self,
        client: Client,
        request: SubmitMany,
        resent: Resent,
        notice: Callable[[JobSpec], str],
        since: Callable[[JobId], float],
    ) -> None:
        self._notice = notice
        self._since = since
        self._client = client
        self._jobs = request.jobs
        self._resent = resent
        self._request = request.request
        self._given: list[SubmitAnswer | None] = [None] * len(request.jobs)
        self._missing = len(request.jobs)
        self.answers = [partial(self._answer, index) for index in range(self._missing)]

    def refuse(self, index: int, error: StationError) -> None:
        if not says_no_room(error):
            self._give(index, _refused(error.info))
            return
        new = self._jobs[index]
        self._resent.refuse(
            new.job,
            new.spec,
            error,
            known=lambda number: self._answer_late(index, SubmitAnswer(number, created=False)),
            refused=lambda why: self._answer_late(index, _refused(why)),
        )

    def _answer_late(self, index: int, answer: SubmitAnswer) -> None:
        self._give(index, answer)
        self.send_if_complete()

    def _answer(self, index: int, number: int, created: bool) -> None:  # noqa: FBT001 - a callback with the journal's words
        if created:
            new = self._jobs[index]
            notice, since = self._notice(new.spec), self._since(new.job)
            self._give(index, SubmitAnswer(number, created, notice=notice, created_unix_s=since))
            self.send_if_complete()
        else:
            new = self._jobs[index]
            self._resent.compare(new.job, new.spec, partial(self._compared, index, number))

    def _compared(self, index: int, number: int, error: ErrorInfo | None) -> None:
        known = SubmitAnswer(number, created=False)
        self._answer_late(index, known if error is None else _refused(error))

    def _give(self, index: int, answer: SubmitAnswer) -> None:
        self._given[index] = answer
        self._missing -= 1

    def send_if_complete(self) -> None:
        if self._missing == 0:
            self._missing = -1
            answers = tuple(answer for answer in self._given if answer is not None)
            self._client.send(SubmittedMany(self._request, answers, self._client.person.name))


def _refused(error: ErrorInfo) -> SubmitAnswer:
    return SubmitAnswer(0, created=False, error=bounded(error))
