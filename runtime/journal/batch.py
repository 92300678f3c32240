"""The records of one commit, folded into the rows that store them.

Rule 1. Folding touches nothing but to look up terms; the rows are executed later,
        statement by statement, in the order of `Batch.statements`.
Rule 2. Facts of one job make one update of its row, and none if the row is new: it is stored as
        the last of them has it. The update asks for the ordinal before the first of them, and
        for a job that is not over or was so in an older attempt. So a hole, a repeat, and a fact
        that follows an end, find no row and are noticed.
Rule 3. Of records that replace one another the last one makes the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from stationd.proto.error import ErrorInfo, JournalFailed
from stationd.proto.job import JobId
from stationd.runtime.journal import sql
from stationd.runtime.journal.codes import CODES, KIND_CODES, STATUS_CODES, STATUSES, Term
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.records import (
    AttemptOpened,
    BlocksDropped,
    BlockStored,
    CalibrationPinned,
    CalibrationStored,
    CalibrationUsed,
    ControllerSeen,
    EpochRaised,
    Fact,
    ItemEnded,
    JobAnnotated,
    JobDeleted,
    JobPlaced,
    JobStored,
    MetadataStored,
    ProjectStored,
    QueueNoted,
    Record,
    TicketIssued,
    VersionsSeen,
    WorkStored,
)
from stationd.runtime.journal.statement import Row, Statement
from stationd.runtime.journal.terms import Labels, property_terms

_Head = tuple[int, int, int, int, float, int, bytes | None, str, int, int]
"""A row of `sql.GO_ON`."""

_encode: Final = msgspec.msgpack.Encoder().encode
_RECEIVED: Final = STATUS_CODES["received"]
_NO_TICKET: Final[Row] = (None, None)
_OVER: Final = frozenset(code for code, status in STATUSES.items() if status.is_terminal)

Amendment = JobAnnotated | JobDeleted
"""What looks at the stored job before it changes it."""


class Batch:
    """The rows of one commit.

    Args:
        seq: The newest sequence number so far.
        known: The numbers of jobs of this commit that are stored already.
        labels: The terms of this commit.
        ended: Looks up the terminal status of a stored job, by its number; None if it is not
            over.
    """

    def __init__(
        self,
        seq: int,
        known: Mapping[JobId, int],
        labels: Labels,
        ended: Callable[[int], int | None],
    ) -> None:
        self.seq = seq
        """The newest sequence number, with this batch."""
        self.number = 0
        """The newest job number in this batch; 0 if there is none."""
        self.ticket = 0
        """The newest ticket in this batch; 0 if there is none."""
        self.records = 0
        self.created: list[float] = []
        """When the jobs of this batch were made, in their order."""
        self.amendments: list[Amendment] = []
        """To be carried out after the statements, in order."""
        self._known = known
        self._labels = labels
        self._ended = ended
        self._ids: dict[JobId, int] = {}
        self._jobs: dict[int, Row] = {}
        self._specs: list[Row] = []
        self._facts: list[Row] = []
        self._heads: dict[int, _Head] = {}
        self._first_attempts: dict[int, int] = {}
        self._attempts: dict[int, Row] = {}
        self._pins: dict[int, Row] = {}
        self._tickets: dict[int, Row] = {}
        self._renewed: list[int] = []
        self._outdated: list[Row] = []
        self._works: dict[int, Row] = {}
        self._sweeps: dict[Row, Row] = {}
        self._items: dict[Row, Row] = {}
        self._drops: dict[Row, Row] = {}
        self._blocks: dict[Row, Row] = {}
        self._sets: dict[str, Row] = {}
        self._defaults: dict[str, Row] = {}
        self._controllers: dict[str, Row] = {}
        self._projects: dict[str, Row] = {}
        self._places: dict[int, Row] = {}
        self._notes: dict[Row, Row] = {}
        self._forgotten: dict[Row, Row] = {}
        self._epochs: list[Row] = []
        self._versions: list[Row] = []

    @property
    def earliest_change(self) -> float | None:
        """The earliest time at which a stored job has changed last; None if none has."""
        changed = (head[4] for number, head in self._heads.items() if number not in self._jobs)
        return min(changed, default=None)

    def add(self, records: Sequence[Record]) -> Commit:
        """Fold the records of one write, and return what will have become of it.

        Raises:
            JournalFailed: The records contradict one another. The batch must not be executed.
        """
        first, known = self.seq + 1, dict[JobId, int]()
        dropped = set[int]()
        for record in records:
            if isinstance(record, JobStored):
                older = self._ids.get(record.job) or self._known.get(record.job)
                if older is None:
                    self._job(record)
                else:
                    known[record.job] = older
                    dropped.add(record.number)
            elif not (dropped and getattr(record, "number", None) in dropped):
                _FOLD[type(record)](self, record)
        self.records += len(records)
        return Commit(first, known)

    def statements(self) -> Iterator[Statement]:
        """Yield what is to be executed: owners first, drops of blocks before new blocks."""
        updates = [*self._updates()]
        yield from self._labels.statements()
        yield from updates
        yield Statement(sql.ATTEMPT, [*self._attempts.values()], exact=True)
        yield Statement(sql.PIN, [*self._pins.values()], exact=True)
        yield Statement(sql.TICKET_SO_FAR, [(number,) for number in self._renewed])
        yield Statement(sql.TICKET, [*self._tickets.values()], exact=True)
        yield Statement(sql.WORK, [*self._works.values()])
        yield Statement(sql.SWEEP, [*self._sweeps.values()])
        yield Statement(sql.TICKET_BEFORE, self._outdated)
        yield Statement(sql.ITEM, [*self._items.values()])
        yield Statement(sql.DROP, [*self._drops.values()])
        yield Statement(sql.BLOCK, [*self._blocks.values()])
        yield Statement(sql.SET, [*self._sets.values()])
        yield Statement(sql.DEFAULT, [*self._defaults.values()])
        yield Statement(sql.CONTROLLER, [*self._controllers.values()])
        yield Statement(sql.PROJECT, [*self._projects.values()])
        yield Statement(sql.PLACE, [*self._places.values()], exact=True)
        yield Statement(sql.NOTE, [*self._notes.values()])
        yield Statement(sql.FORGET, [*self._forgotten.values()])
        yield Statement(sql.EPOCH, self._epochs, exact=True)
        yield Statement(sql.VERSIONS, self._versions)

    def _job(self, record: JobStored) -> None:
        spec, time, number, kind = record.spec, record.time_unix_s, record.number, record.spec.kind
        if number in self._jobs:
            raise JournalFailed(f"there is a job {number} already: please report this bug")
        self._ids[record.job] = number
        self.number = max(self.number, number)
        self.created.append(time)
        tag = self._labels.tag
        tag(Term.KIND, kind, number)
        for _, word in property_terms(spec.properties):
            tag(Term.PROPERTY, word, number)
        self._jobs[number] = (
            number, record.job, tag(Term.TARGET, record.target, number),
            KIND_CODES[kind], tag(Term.NAME, spec.name, number),
            tag(Term.CREATOR, spec.creator, number),
            tag(Term.PROJECT, spec.project, number) if spec.project else None,
            spec.description or None,
            _encode(spec.properties) if spec.properties else None, spec.priority, time,
        )  # fmt: skip
        self._specs.append((number, _encode(spec)))
        *passed, status = _RECEIVED, *[CODES[reached.rung] for reached in record.reached]
        ordinal = len(passed) + 1
        self.seq = seq = self.seq + ordinal
        self._facts.append(
            (seq, number, ordinal, 1, status, time, 0, None, "", 0, bytes(passed) or None)
        )
        self._heads[number] = (1, ordinal, status, seq, time, 0, None, "", number, 0)

    def _fact(self, fact: Fact) -> None:
        number, ordinal, attempt, time = fact.number, fact.ordinal, fact.attempt, fact.time_unix_s
        status, first = CODES[fact.status.rung], ordinal - len(fact.passed)
        self.seq = seq = self.seq + 1 + ordinal - first
        passed = bytes([CODES[rung.rung] for rung in fact.passed]) if fact.passed else None
        error = None if fact.error is None else _encode(fact.error)
        # As integers: for anything that is not exactly one the driver searches an adapter.
        cancelling, retrying = +fact.cancelling, +fact.retrying
        note = fact.note
        self._facts.append(
            (seq, number, ordinal, attempt, status, time, cancelling, error, note, retrying, passed)
        )
        head = self._heads.get(number)
        if head is None:
            before = first - 1
            if attempt > 1:
                self._first_attempts[number] = attempt
        else:
            before = head[-1]
            _check_follows(fact, first, head)
        self._heads[number] = (
            attempt, ordinal, status, seq, time, cancelling, error, note, number, before,
        )  # fmt: skip

    def _updates(self) -> Iterator[Statement]:
        """Yield new jobs, and updates; most need not touch `ended` and its indices."""
        made: list[Row] = []
        going_on: list[Row] = []
        ending: list[Row] = []
        for number, head in self._heads.items():
            attempt, status = head[0], head[2]
            over = status in _OVER
            if over:
                self._labels.ended(status, 1)
            ended = status if over else None
            if number in self._jobs:
                ticket = self._tickets.pop(number, _NO_TICKET)
                made.append((*self._jobs[number], *head[:-2], ended, *ticket[:2]))
                continue
            before = None if attempt == 1 else self._ended(number)
            if before is not None:
                self._labels.ended(before, -1)
            if attempt == 1 and not over:
                going_on.append(head)
            else:
                ending.append((ended, *head, self._first_attempts.get(number, 1)))
        yield Statement(sql.JOB, made)
        yield Statement(sql.SPEC, self._specs)
        yield Statement(sql.FACT, self._facts)
        yield Statement(sql.GO_ON, going_on, exact=True)
        yield Statement(sql.END, ending, exact=True)

    def _attempt(self, record: AttemptOpened) -> None:
        running = None if record.items is None else _encode(record.items)
        self._attempts[record.number] = (running, record.collected, record.number)

    def _pin(self, record: CalibrationPinned) -> None:
        pinned = record.calibration_set
        term = None if pinned is None else self._labels.term(Term.CALIBRATION, pinned)
        self._pins[record.number] = (term, record.number)

    def _ticket(self, record: TicketIssued) -> None:
        self.ticket = max(self.ticket, record.ticket)
        if record.attempt > 1:
            self._keep_older_ticket(record.number)
        self._tickets[record.number] = (record.ticket, record.attempt, record.number)

    def _keep_older_ticket(self, number: int) -> None:
        older = self._tickets.get(number)
        if older is None:
            self._renewed.append(number)
        else:
            ticket, attempt, _ = older
            self._outdated.append((ticket, number, attempt))

    def _work(self, record: WorkStored) -> None:
        self._works[record.number] = (record.number, record.attempt, record.data)

    def _metadata(self, record: MetadataStored) -> None:
        key = (record.number, record.attempt)
        self._sweeps[key] = (*key, record.metadata)

    def _item(self, record: ItemEnded) -> None:
        ref = record.result
        if ref is None:
            place: tuple[str | None, int | None, bytes | None] = (None, None, None)
        else:
            # Most ids say again which item of which attempt it is.
            usual = ref.id.endswith(f"/{record.attempt}/{record.index}")
            place = ("" if usual else ref.id, ref.size_bytes, bytes.fromhex(ref.sha256))
        self._items[record.number, record.index] = (
            record.number, record.index, record.attempt, _error(record.error), *place,
            record.data, +record.partial,
        )  # fmt: skip

    def _block(self, record: BlockStored) -> None:
        key = (record.number, record.attempt, record.controller, record.index)
        self._blocks.setdefault(key, (*key, record.header, record.data))

    def _drop(self, record: BlocksDropped) -> None:
        key = (record.number, record.attempt)
        self._drops[key] = key
        for block in [block for block in self._blocks if block[:2] == key]:
            del self._blocks[block]

    def _set(self, record: CalibrationStored) -> None:
        found = record.set
        self._sets.setdefault(
            found.id,
            (
                found.id, found.target, found.created_unix_s, found.name,
                len(found.observations), _encode(found),
            ),
        )  # fmt: skip

    def _default(self, record: CalibrationUsed) -> None:
        self._defaults[record.target] = (record.target, record.id)

    def _controller(self, record: ControllerSeen) -> None:
        self._controllers[record.name] = (
            record.name, record.driver, record.ledger, record.version, record.time_unix_s,
            _encode(record.capabilities),
        )  # fmt: skip

    def _amend(self, record: Amendment) -> None:
        self.amendments.append(record)

    def _epoch(self, record: EpochRaised) -> None:
        self._epochs.append((record.epoch,))

    def _project(self, record: ProjectStored) -> None:
        project = record.project
        self._projects[project.id] = (project.id, project.name, _encode(project))

    def _place(self, record: JobPlaced) -> None:
        placement = _encode((record.attempt, record.priority, record.held, record.place))
        self._places[record.number] = (record.priority, placement, record.number)

    def _note(self, record: QueueNoted) -> None:
        key = (record.kind, record.name)
        self._notes.pop(key, None)
        self._forgotten.pop(key, None)
        if record.data is None:
            self._forgotten[key] = key
        else:
            self._notes[key] = (*key, record.data)

    def _run(self, record: VersionsSeen) -> None:
        row = (record.controller, record.since_unix_s, _encode(record.versions))
        self._versions.append(row)

    FOLDS = (
        (Fact, _fact),
        (CalibrationPinned, _pin),
        (WorkStored, _work),
        (MetadataStored, _metadata),
        (TicketIssued, _ticket),
        (ItemEnded, _item),
        (BlockStored, _block),
        (BlocksDropped, _drop),
        (CalibrationStored, _set),
        (CalibrationUsed, _default),
        (ControllerSeen, _controller),
        (AttemptOpened, _attempt),
        (ProjectStored, _project),
        (JobPlaced, _place),
        (QueueNoted, _note),
        (VersionsSeen, _run),
        (EpochRaised, _epoch),
        (JobAnnotated, _amend),
        (JobDeleted, _amend),
    )


_FOLD: Final[Mapping[type[Record], Callable[[Batch, Any], None]]] = dict(Batch.FOLDS)


def _check_follows(fact: Fact, first: int, head: _Head) -> None:
    attempt, ordinal, status, *_ = head
    if ordinal != first - 1 or (status in _OVER and attempt >= fact.attempt):
        raise JournalFailed(
            f"fact {first} of job {fact.number}, {fact.status} in attempt {fact.attempt},"
            f" follows fact {ordinal}, {STATUSES[status]} in attempt {attempt}: please report this"
            " bug"
        )


def _error(error: ErrorInfo | None) -> bytes | None:
    return None if error is None else _encode(error)
