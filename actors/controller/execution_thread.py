"""The thread in which a driver's hooks are called, and the line that feeds it.

Rule 1. The thread goes on with the next released ticket by itself: between two tickets the event
        loop is told, not asked.
Rule 2. Whether a ticket has been begun with is decided under one lock, once: the thread takes it,
        or it is withdrawn.
Rule 3. The place of a ticket is marked before its `run` is called (see `actors/ledger`).
Rule 4. `abort` is never called when nothing runs: an execution cannot end while it is being
        aborted, nor the next one begin.
Rule 5. Readings that belong to no ticket are taken between two of them.
Rule 6. Between two tickets the loop is not woken if it will look by itself (see `rhythm`).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Final

from stationd.actors.about import AT_WORK
from stationd.actors.controller.backlog import Backlog
from stationd.actors.controller.between_tickets import BetweenTickets, ReadingTaken
from stationd.actors.controller.ticket_execution import TicketExecution
from stationd.actors.driver import Driver
from stationd.actors.line.facts import (
    Fact,
    NotWithdrawn,
    Release,
    RunEnded,
    RunRaised,
    RunStarted,
    RunStopped,
    Step,
    Withdrawn,
)
from stationd.actors.raised import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.proto.program import Capabilities

_log = logging.getLogger(__name__)

MOST_BYTES_ON_THE_WAY: Final = 64 * 1024 * 1024
"""Data that a driver may be ahead of the disk; then handing over more waits."""


class Ready:
    """The driver stands and has said what it offers."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities


class Broken:
    """The driver could not be made."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Closed:
    """The driver is closed, and the thread calls it no more."""


class _Wake:
    """There is something to do between two tickets."""


_WAKE: Final = _Wake()
Word = Fact | Ready | Broken | Closed | ReadingTaken
"""What the thread tells."""


class ExecutionThread:
    """The instrument's thread.

    Args:
        make: Makes the driver; called in the thread.
        mark_started: Remembers a place in line, see `Ledger.mark_started`.
        tell: Takes facts, and first `Ready` or `Broken`, last `Closed`; called in the thread.
        tell_soon: Takes facts that may come some milliseconds late; `tell` if it is not said.
    """

    def __init__(
        self,
        make: Callable[[], Driver],
        mark_started: Callable[[int], None],
        tell: Callable[[Word], None],
        tell_soon: Callable[[Word], None] | None = None,
    ) -> None:
        self._make = make
        self._mark_started = mark_started
        self._tell = tell
        self._tell_soon = tell_soon or tell
        self._executions: queue.SimpleQueue[TicketExecution | _Wake | None] = queue.SimpleQueue()
        self._readings = BetweenTickets()
        self._to_prepare: queue.SimpleQueue[TicketExecution | None] | None = None
        self._known: dict[int, TicketExecution] = {}
        self._deciding = threading.Lock()
        self._at_work = threading.Lock()
        self._current: TicketExecution | None = None
        self._running: TicketExecution | None = None
        self._stopped = False
        self._unsaid: Fact | None = None
        self._backlog = Backlog(MOST_BYTES_ON_THE_WAY)
        self._driver: Driver | None = None
        self._thread = threading.Thread(target=self._work, name="instrument", daemon=True)

    # --- called on the event loop ------------------------------------------------------------

    def start(self) -> None:
        """Make the driver, and begin to execute what is released."""
        self._thread.start()

    def release(self, release: Release) -> None:
        """Execute a ticket after all that were released before it."""
        execution = TicketExecution(release, self._tell, self._backlog)
        self._known[release.number] = execution
        if self._to_prepare is not None:
            execution.prepared = threading.Event()
            self._to_prepare.put(execution)
        self._executions.put(execution)

    def withdraw(self, number: int) -> Fact:
        """Take a ticket back if it has not been begun with."""
        return Withdrawn(number) if self._take_back(number) else NotWithdrawn(number)

    def stop(self, number: int) -> Fact | None:
        """Take a ticket back, or abort it; None if its end will be told by the thread."""
        if self._take_back(number):
            return Withdrawn(number)
        execution = self._known.get(number)
        if execution is not None:
            self._abort(execution)
        return None

    def advance(self, word: Step) -> None:
        """Pass on the daemon's word for a step of a paced sweep."""
        execution = self._known.get(word.number)
        if execution is not None:
            execution.advance(word)

    def read(self, number: int, readout: str) -> None:
        """Take a reading as soon as no ticket is at work."""
        self._readings.ask(number, readout)
        self._executions.put(_WAKE)

    def stored(self, size_bytes: int) -> None:
        """Say that so much of the data is on disk."""
        self._backlog.give_back(size_bytes)

    def forget(self, number: int) -> None:
        """Let go of a ticket that is over."""
        self._known.pop(number, None)

    def close(self) -> None:
        """Abort what runs, begin nothing more, and let the thread close the driver and end."""
        with self._deciding:
            self._stopped = True
            current = self._current
        if current is not None:
            self._abort(current)
        self._executions.put(None)
        if self._to_prepare is not None:
            self._to_prepare.put(None)

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, for so many seconds at most."""
        self._thread.join(timeout)

    def _take_back(self, number: int) -> bool:
        with self._deciding:
            execution = self._known.get(number)
            if execution is None or execution.taken:
                return False
            execution.withdrawn = True
        del self._known[number]
        return True

    def _abort(self, execution: TicketExecution) -> None:
        execution.ask_to_stop()
        # A driver's `abort` may take its time, and the loop must not.
        threading.Thread(
            target=self._abort_driver, args=(execution,), name="abort", daemon=True
        ).start()

    def _abort_driver(self, execution: TicketExecution) -> None:
        AT_WORK.set(execution.about)
        with self._at_work:
            if self._running is not execution or self._driver is None:
                return
            try:
                self._driver.abort()
            except Exception:  # noqa: BLE001 - a driver may raise anything
                _log.exception("the driver's abort raised; its run goes on")

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        driver: Driver | None = None
        try:
            driver = self._make()
            capabilities = driver.describe()
        except BaseException as error:  # noqa: BLE001 - a driver may raise anything
            if driver is not None:
                self._close(driver)
            self._tell(Broken(error))
            return
        self._driver = driver
        if driver.runs_while_preparing:
            self._to_prepare = queue.SimpleQueue()
            threading.Thread(
                target=self._prepare_all, args=(driver,), name="prepare", daemon=True
            ).start()
        self._tell(Ready(capabilities))
        prepares = type(driver).prepare is not Driver.prepare
        while (execution := self._executions.get()) is not None:
            if self._readings:
                self._take_readings(driver)
            if isinstance(execution, _Wake) or not self._take(execution):
                self._say(None)
                continue
            end = self._execute(driver, execution)
            if prepares or self._executions.empty():
                AT_WORK.set(None)
                self._say(end)
            else:
                # To wake the loop takes longer than all else between two tickets, so it is
                # woken once, when the next one starts, if at all.
                self._unsaid = end
        AT_WORK.set(None)
        self._close(driver)
        self._say(Closed())

    def _take_readings(self, driver: Driver) -> None:
        # What the loop does not know yet comes first: a reading may take its time.
        self._say(None)
        for taken in self._readings.take(driver):
            if self._stopped:
                return
            self._tell(taken)

    def _say(self, fact: Fact | Closed | None) -> None:
        unsaid, self._unsaid = self._unsaid, None
        for one in (unsaid, fact):
            if one is not None:
                self._tell(one)

    def _take(self, execution: TicketExecution) -> bool:
        with self._deciding:
            if execution.withdrawn or self._stopped:
                return False
            execution.taken = True
            self._current = execution
            return True

    def _execute(self, driver: Driver, execution: TicketExecution) -> Fact:
        AT_WORK.set(execution.about)
        try:
            self._prepare(driver, execution)
            begun = self._begin(execution)
            if begun:
                driver.run(execution.work, execution)
        except BaseException as error:  # noqa: BLE001 - a driver may raise anything
            detail = in_words(error)
            end: Fact = RunRaised(execution.ticket, detail, time.time())
            _log.warning("ticket %d: %s", execution.ticket, detail, exc_info=error)
        else:
            number = execution.ticket
            end = RunEnded(number, time.time()) if begun else Withdrawn(number)
        with self._at_work:
            self._running = None
        if execution.aborted and not isinstance(end, Withdrawn):
            end = RunStopped(execution.ticket, time.time())
        return end

    def _begin(self, execution: TicketExecution) -> bool:
        with self._at_work:
            if execution.aborted:
                return False
            self._running = execution
        self._mark_started(execution.place)
        started = RunStarted(execution.ticket, time.time())
        ended, self._unsaid = self._unsaid, None
        if ended is None:
            self._tell(started)
        else:
            self._tell_soon(ended)
            self._tell_soon(started)
        return True

    def _prepare(self, driver: Driver, execution: TicketExecution) -> None:
        if execution.prepared is None:
            driver.prepare(execution.work)
            return
        execution.prepared.wait()
        if execution.refusal is not None:
            raise execution.refusal

    def _prepare_all(self, driver: Driver) -> None:
        """Prepare tickets ahead of their turn, in a thread of its own."""
        to_prepare = self._to_prepare
        while to_prepare is not None and (execution := to_prepare.get()) is not None:
            try:
                if not (execution.withdrawn or execution.aborted):
                    AT_WORK.set(execution.about)
                    driver.prepare(execution.work)
            except BaseException as error:  # noqa: BLE001 - raised again when its turn comes
                execution.refusal = error
            AT_WORK.set(None)
            if execution.prepared is not None:
                execution.prepared.set()

    def _close(self, driver: Driver) -> None:
        try:
            driver.close()
        except Exception:  # noqa: BLE001 - a driver may raise anything
            _log.exception("the driver's close raised")
