"""This daemon's right to command: its fence, and numbers for tickets that nobody has had.

Rule 1. A command asks for the fence when it is sent, so that there is one for all of them.
Rule 2. A controller that has obeyed a newer epoch of this station was last with a daemon that this
        journal knows nothing of: the journal is an older copy. The epoch rises above it, and
        nobody is commanded under the new one before that is on disk.
Rule 3. A ticket's number is above all that this journal has given, above all that a controller
        has told of, and above the microsecond in which this daemon began. So it is new even where
        an older copy of the journal does not know what has been given since, unless the clock
        went back as well; then its controller refuses it.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from stationd.proto.job import Fence
from stationd.proto.number import MOST
from stationd.runtime.journal.records import EpochRaised

if TYPE_CHECKING:
    from stationd.proto.instruments_protocol import Hello
    from stationd.runtime.journal.interface import Commit, Journal

log = logging.getLogger(__name__)

MOST_BELIEVED: Final = MOST // 2
"""Larger epochs and ticket numbers are nonsense: believing one would use up all the others."""


class Authority:
    """What a daemon may command with.

    Args:
        journal: Keeps the epoch.
        now_unix_s: When this daemon begins.

    Attributes:
        fence: What goes on every command.
    """

    __slots__ = ("_journal", "_obeying", "_rising_to", "_ticket", "fence")

    def __init__(self, journal: Journal, now_unix_s: float) -> None:
        opening = journal.opening
        self.fence = Fence(opening.station, opening.epoch)
        self._journal = journal
        self._rising_to = opening.epoch
        began = int(now_unix_s * 1e6)
        self._ticket = max(opening.ticket, began if began <= MOST_BELIEVED else 0)
        # Ledgers that have their newest fence from this daemon.
        self._obeying: set[str] = set()

    def next_ticket(self) -> int:
        """Return the number for a ticket."""
        self._ticket += 1
        return self._ticket

    def judge(self, hello: Hello) -> Literal["welcome", "later", "foreign"]:
        """Compare what a controller has seen with what this daemon is.

        Returns:
            ``later`` if the epoch must rise first: the controller says Hello again.
        """
        if self._ticket < hello.newest_ticket <= MOST_BELIEVED:
            log.warning(
                "controller %s knows ticket %d, which this journal has not given yet: the journal"
                " is an older copy; new tickets get higher numbers",
                hello.name,
                hello.newest_ticket,
            )
            self._ticket = hello.newest_ticket
        theirs, ours = hello.fence, self.fence
        if theirs is not None and theirs.station != ours.station:
            return "foreign"
        if theirs is not None and self._is_newer(theirs, hello.ledger):
            if theirs.epoch > MOST_BELIEVED:
                return "foreign"
            self._rise(hello.name, theirs.epoch + 1)
            return "later"
        self._obeying.add(hello.ledger)
        return "welcome"

    def _is_newer(self, theirs: Fence, ledger: str) -> bool:
        # The same number was given twice if it was not given by this daemon.
        same = theirs.epoch == self.fence.epoch and ledger not in self._obeying
        return theirs.epoch > self.fence.epoch or same

    def _rise(self, controller: str, epoch: int) -> None:
        if epoch <= self._rising_to:
            return
        self._rising_to = epoch
        log.warning(
            "controller %s has obeyed epoch %d of this station, and this is epoch %d: the journal"
            " is an older copy; going on as epoch %d",
            controller,
            epoch - 1,
            self.fence.epoch,
            epoch,
        )
        self._journal.write([EpochRaised(epoch)], partial(self._risen, epoch))

    def _risen(self, epoch: int, _commit: Commit) -> None:
        self.fence = Fence(self.fence.station, epoch)
