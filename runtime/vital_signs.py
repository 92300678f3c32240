"""The station's vital signs, taken in the loop now and then, for metrics that threads read.

Whoever scrapes must not look into what the loop is changing; it reads what was put down here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.error import JournalClosed
from stationd.runtime.metrics.vitals import Vitals

if TYPE_CHECKING:
    from stationd.proto.calibration import CalibrationSummary
    from stationd.runtime.station import Station

log = logging.getLogger(__name__)

TAKE_EVERY: Final = 1.0
"""Seconds. What it costs is some microseconds, and the first held jobs of the queue."""
ASK_EVERY: Final = 5
"""Every so many times the journal is asked which calibration sets are in use."""
MOST_PROJECTS: Final = 100
"""Of those with a quota the fullest are shown: a label of a metric is not for thousands."""


class VitalSigns:
    """Takes them.

    Args:
        station: The station.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._commits = 0
        self._committed = 0.0
        self._heard = dict.fromkeys(station.bus.peers, 0.0)
        self._calibrated: dict[str, CalibrationSummary] = {}

    async def keep(self) -> None:
        """Take them for ever."""
        times = 0
        while True:
            try:
                if times % ASK_EVERY == 0:
                    await self.ask()
                self.take()
            except JournalClosed:
                return
            except Exception:
                # The next time may go better, and jobs do not depend on it.
                log.exception("the station's vital signs could not be taken")
            times += 1
            await anyio.sleep(TAKE_EVERY)

    def take(self) -> None:
        """Take them once."""
        station = self._station
        clock, queue = station.ports.clock, station.instruments.queue
        now, monotonic = clock.time(), clock.monotonic()
        commits = station.journal.statistics().commits
        if commits != self._commits:
            self._commits, self._committed = commits, now
        for name, peer in station.bus.peers.items():
            if peer.identity is not None:
                self._heard[name] = now - (monotonic - peer.heard)
        station.metrics.vitals = Vitals(
            starts=station.journal.opening.epoch,
            backend=station.settings.station.backend,
            oldest_unix_s=queue.oldest(),
            waiting={name: queue.ready(name) for name in station.bus.peers},
            paused={name: queue.gates.shut(name, now) for name in station.bus.peers},
            heard_unix_s=dict(self._heard),
            restarts=dict.fromkeys(station.bus.peers, 0)
            | {child.name: child.restarts for child in station.ports.children},
            committed_unix_s=self._committed,
            calibrated_unix_s={
                name: chosen.created_unix_s for name, chosen in self._calibrated.items()
            },
            expires_unix_s={
                name: chosen.expires_unix_s
                for name, chosen in self._calibrated.items()
                if chosen.expires_unix_s is not None
            },
            projects=tuple(station.dispatch.quotas.uses()[:MOST_PROJECTS]),
            guards=tuple(station.guards.states()),
            journal=station.journal.database,
        )

    async def ask(self) -> None:
        """Ask the journal about the targets' calibration sets."""
        journal = self._station.journal
        for target in self._station.settings.targets:
            chosen = await journal.default_calibration(target)
            known = self._calibrated.get(target)
            if chosen is None or (known is not None and known.id == chosen):
                continue
            for summary in await journal.calibrations(target):
                if summary.id == chosen:
                    self._calibrated[target] = summary
