"""Storing what somebody has asked for, and going on when it is on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.records import Record


async def stored(journal: Journal, record: Record) -> None:
    """Return when a record is on disk.

    Args:
        journal: Where it goes. Whether it takes anything is to be asked first: while the disk is in
            trouble this waits for as long as that lasts.
        record: What is to be stored.

    Raises:
        JournalClosed: The daemon is ending; nothing is stored.
    """
    durable = anyio.Event()
    journal.write([record], lambda _commit: durable.set())
    await durable.wait()
