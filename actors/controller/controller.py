"""A controller: the actor in front of instruments, dialling in to its daemon.

Rule 1. The event loop decides and talks, the instrument's thread works, the ledger's thread
        writes; each goes on while the others are busy.
Rule 2. Reports leave in order, once everything that was recorded before them is on disk. That
        holds for Hello too, which tells what the controller holds.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

import anyio
from msgspec import Struct

from stationd.actors.controller.between_tickets import ReadingTaken
from stationd.actors.controller.daemon_link import DaemonLink, dial
from stationd.actors.controller.execution_thread import Broken, Closed, Ready
from stationd.actors.controller.gathering import SECONDS as GATHERING_SECONDS
from stationd.actors.controller.gathering import Gathering
from stationd.actors.controller.host import Host, Message
from stationd.actors.controller.rhythm import Rhythm
from stationd.actors.controller.settings import ControllerSettings
from stationd.actors.drivers.registry import load_driver
from stationd.actors.ledger.database import Block
from stationd.actors.ledger.ledger import Committed, Ledger
from stationd.actors.line import facts
from stationd.actors.line.facts import Cleared, Fact, Outcome, SpooledBlocks
from stationd.actors.line.line import Line
from stationd.actors.raised import in_words
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import commands_in
from stationd.proto.error import InstrumentError, PeerError, StationError, UnexpectedEvent
from stationd.proto.reading import Read, Reading
from stationd.proto.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.actors.controller.job_lines import JobLines
    from stationd.proto.log_report import Logged
    from stationd.proto.program import Capabilities

_log = logging.getLogger(__name__)

_MOST_AT_ONCE: Final = 64
"""Commands that are taken together before anything else is done."""
_CLOSING_SECONDS: Final = 10.0
"""What the driver gets to come to rest when the controller ends."""


class _Pending(Struct):
    """Reports that wait for a write."""

    write: int
    reports: list[wire.OneReport | SpooledBlocks]
    cleared: list[Cleared]
    data_bytes: int = 0


class Controller:
    """The loop between the daemon, the line of tickets, and the two threads.

    Args:
        settings: What it must know.
        ledger: Its ledger, not started yet.
        socket: Connects to the daemon.
        monitor: Receives the socket's connection events.
        release: The version of stationd.
        versions: Of all that is installed and may matter, for the record.
        host: Its clocks and threads.
        log: Lines that are to be reported; None for none.
    """

    def __init__(
        self,
        settings: ControllerSettings,
        ledger: Ledger,
        socket: Socket,
        monitor: Socket,
        *,
        release: str,
        versions: dict[str, str] | None = None,
        host: Host | None = None,
        log: JobLines | None = None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._host = host or Host()
        self._log = log
        self._daemon = DaemonLink(
            socket,
            monitor,
            endpoint=settings.endpoint,
            redial=partial(dial, settings.endpoint, settings.credentials),
            beat_interval=settings.beat_interval,
            monotonic=self._host.monotonic,
            say_hello=self._say_hello,
        )
        self._inbox = self._host.inbox()
        self._line = Line(ledger.memory, spool_limit=settings.spool_limit)
        self._instrument = self._host.instrument(
            lambda: load_driver(settings.driver, settings.options),
            ledger.mark_started,
            self._inbox.put,
            self._inbox.put_soon,
        )
        self._rhythm = Rhythm()
        self._version = release
        self._versions = versions or {}
        self._gathering = Gathering()
        self._gathered = anyio.Event()
        self._capabilities: Capabilities | None = None
        self._pending: deque[_Pending] = deque()
        self._asked = 0
        self._stopping = anyio.Event()
        self._closed = anyio.Event()
        self._committed = anyio.Event()
        self._failure: StationError | None = None
        self.ready = anyio.Event()
        """Set when the driver stands."""
        self.malformed = 0
        """Frames that were dropped because they could not be read."""

    async def run(self) -> StationError | None:
        """Serve until `stop` is called or the daemon says so.

        Returns:
            Why the driver could not be started, if that is why it ended.
        """
        recovered = self._line.recover(self._ledger.memory)
        await self._host.in_thread(partial(self._ledger.start, recovered.records, self._inbox.put))
        self._instrument.start()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._hear_threads)
                tasks.start_soon(self._let_data_go)
                tasks.start_soon(self._receive)
                tasks.start_soon(self._daemon.watch)
                tasks.start_soon(self._daemon.beat)
                if self._log is not None:
                    tasks.start_soon(self._log.report, self._daemon.is_greeted, self._send_log)
                await self._stopping.wait()
                await self._come_to_rest()
                tasks.cancel_scope.cancel()
        finally:
            # Also when this task is cancelled: nothing runs on behind the controller's back.
            self._instrument.close()
            with anyio.CancelScope(shield=True):
                await self._host.in_thread(partial(self._instrument.join, _CLOSING_SECONDS))
            self._inbox.close()
            self._daemon.close()
        return self._failure

    def stop(self) -> None:
        """Bring the instrument to rest and let `run` return."""
        self._stopping.set()

    async def _come_to_rest(self) -> None:
        self._instrument.close()
        with anyio.move_on_after(_CLOSING_SECONDS) as patience:
            await self._closed.wait()
            while self._pending:
                await self._committed.wait()
        if patience.cancelled_caught:
            _log.error(
                "the driver has not come to rest within %g s; leaving it as it is",
                _CLOSING_SECONDS,
            )

    # --- what the daemon says ----------------------------------------------------------------

    async def _receive(self) -> None:
        while True:
            parts: list[bytes] | None = await self._daemon.receive()
            outcome = Outcome()
            now = self._host.time()
            for _ in range(_MOST_AT_ONCE):
                if parts is None:
                    break
                self._read(parts, now, outcome)
                parts = self._daemon.receive_nowait()
            if parts is not None:
                self._read(parts, now, outcome)
            self._carry_out(outcome)
            self._daemon.flush()

    def _read(self, parts: list[bytes], now_unix_s: float, outcome: Outcome) -> None:
        try:
            commands = commands_in(parts[-1])
        except PeerError as error:
            self.malformed += 1
            _log.warning("dropped a frame (%d so far): %s", self.malformed, error)
            return
        for command in commands:
            self._obey(command, now_unix_s, outcome)

    def _obey(self, command: wire.OneCommand, now_unix_s: float, outcome: Outcome) -> None:
        match command:
            case wire.Heartbeat():
                self._daemon.take(command)
            case wire.Welcome():
                self._be_welcomed(command, outcome)
            case wire.Forget():
                self._line.forget(command, outcome)
            case wire.Shutdown():
                if self._line.accepts(command.fence, outcome):
                    self.stop()
            case Read():
                if self._line.accepts(command.fence, outcome):
                    self._instrument.read(command.number, command.readout)
            case _:
                self._line.command(command, now_unix_s, outcome)

    def _be_welcomed(self, welcome: wire.Welcome, outcome: Outcome) -> None:
        if not self._line.accepts(welcome.fence, outcome):
            said = outcome.reports[-1]
            detail = said.detail if isinstance(said, wire.Refused) else ""
            _log.error("the daemon at the endpoint is not obeyed: %s", detail)
            return
        if self._daemon.welcome(welcome):
            self._add_hello(outcome)

    # --- what the threads say ----------------------------------------------------------------

    async def _hear_threads(self) -> None:
        while True:
            within = self._rhythm.look_within(self._host.time())
            messages = await self._inbox.receive(within)
            outcome = Outcome()
            now = self._host.time()
            for message in messages:
                self._hear(message, now, outcome)
            self._carry_out(outcome)
            self._daemon.flush()

    def _hear(self, message: Message, now_unix_s: float, outcome: Outcome) -> None:
        match message:
            case Committed():
                self._be_committed(message, now_unix_s, outcome)
            case Ready():
                self._capabilities = message.capabilities
                self.ready.set()
                self._add_hello(outcome)
            case Broken():
                self._failure = _as_station_error(message.error)
                self._closed.set()
                self.stop()
            case Closed():
                self._closed.set()
            case ReadingTaken(number, readout, value, error, time_unix_s):
                outcome.live.append(Reading(number, readout, value, error, time_unix_s))
            case _:
                self._hear_of_ticket(message, now_unix_s, outcome)

    def _hear_of_ticket(self, fact: Fact, now_unix_s: float, outcome: Outcome) -> None:
        if isinstance(fact, facts.BlockCame):
            self._gather(fact, now_unix_s, outcome)
            return
        if isinstance(fact, facts.ProgressMade) and self._gathering:
            self._gathering.follow(fact)
            return
        self._rhythm.learn(fact)
        if isinstance(fact, facts.LAST):
            self._learn_all(self._gathering.take(), now_unix_s, outcome)
            self._instrument.forget(fact.number)
            self._daemon.forget(fact.number)
        self._learn(fact, now_unix_s, outcome)

    def _gather(self, came: facts.BlockCame, now_unix_s: float, outcome: Outcome) -> None:
        # Word of a spot that was reached may overtake the data: the next step needs none of it.
        self._learn_all(self._gathering.add(came), now_unix_s, outcome)
        if self._gathering and not self._gathered.is_set():
            self._gathered.set()

    def _learn_all(self, found: Sequence[Fact], now_unix_s: float, outcome: Outcome) -> None:
        for fact in found:
            self._learn(fact, now_unix_s, outcome)

    async def _let_data_go(self) -> None:
        while True:
            await self._gathered.wait()
            await anyio.sleep(GATHERING_SECONDS)
            self._gathered = anyio.Event()
            outcome = Outcome()
            self._learn_all(self._gathering.take(), self._host.time(), outcome)
            self._carry_out(outcome)
            self._daemon.flush()

    def _learn(self, fact: Fact, now_unix_s: float, outcome: Outcome) -> None:
        try:
            self._line.fact(fact, now_unix_s, outcome)
        except UnexpectedEvent:
            # A bug, which costs this ticket and no other.
            _log.exception("dropped %s", fact)

    def _be_committed(self, committed: Committed, now_unix_s: float, outcome: Outcome) -> None:
        while self._pending and self._pending[0].write <= committed.up_to:
            pending = self._pending.popleft()
            if pending.data_bytes:
                self._instrument.stored(pending.data_bytes)
            self._report_all(pending.reports, committed.blocks)
            for cleared in pending.cleared:
                self._learn(cleared, now_unix_s, outcome)
        if not self._pending:
            self._committed.set()
            self._committed = anyio.Event()

    # --- what follows ------------------------------------------------------------------------

    def _carry_out(self, outcome: Outcome) -> None:
        self._give_orders(outcome)
        for live in outcome.live:
            if isinstance(live, tuple):
                self._daemon.send_data(*live)
            else:
                self._daemon.report(live)
        if not outcome.reports and not outcome.records:
            return
        reads = [report for report in outcome.reports if isinstance(report, SpooledBlocks)]
        if outcome.records or reads:
            self._asked += 1
            self._ledger.write(self._asked, outcome.records, reads)
        elif not self._pending:
            self._report_all(outcome.reports, {})
            return
        pending = _Pending(self._asked, outcome.reports, outcome.cleared, outcome.data_bytes)
        self._pending.append(pending)

    def _give_orders(self, outcome: Outcome) -> None:
        # An order's answer may lead to further orders, which then stand at the end.
        for order in outcome.orders:
            match order:
                case facts.Release():
                    self._instrument.release(order)
                case facts.Step():
                    self._instrument.advance(order)
                case facts.Withdraw():
                    self._learn(self._instrument.withdraw(order.number), self._host.time(), outcome)
                case facts.Stop():
                    fact = self._instrument.stop(order.number)
                    if fact is not None:
                        self._learn(fact, self._host.time(), outcome)
                case _:
                    assert_never(order)

    def _report_all(
        self,
        reports: list[wire.OneReport | SpooledBlocks],
        blocks: dict[SpooledBlocks, list[Block]],
    ) -> None:
        for report in reports:
            if isinstance(report, SpooledBlocks):
                for block in blocks.get(report, ()):
                    self._daemon.send([block.header, block.data])
            else:
                self._daemon.report(report)

    def _send_log(self, logged: Logged) -> None:
        self._daemon.report(logged)
        self._daemon.flush()

    def _say_hello(self) -> None:
        outcome = Outcome()
        self._add_hello(outcome)
        self._carry_out(outcome)

    def _add_hello(self, outcome: Outcome) -> None:
        if self._capabilities is None:
            return
        hello = wire.Hello(
            name=self._settings.name,
            driver=self._settings.driver,
            ledger=self._ledger.memory.ledger,
            fence=self._line.fence,
            forgotten=self._line.forgotten,
            held=self._line.held(),
            capabilities=self._capabilities,
            version=self._version,
            pid=os.getpid(),
            newest_ticket=self._line.newest_ticket,
            versions=self._versions,
        )
        outcome.reports.append(hello)


def _as_station_error(error: BaseException) -> StationError:
    if isinstance(error, StationError):
        return error
    return InstrumentError(f"the driver did not start: {in_words(error)}")
