"""Which station a journal is of."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from stationd.runtime.care import snapshot
from stationd.runtime.journal.reader import connect

if TYPE_CHECKING:
    from pathlib import Path


def station_id(journal: Path) -> str:
    """Return the id of the station that a journal is of; blocks.

    Raises:
        BackupError: There is no journal.
    """
    snapshot.check_known(journal)
    with closing(connect(journal)) as database:
        found: str = database.execute("SELECT station FROM meta").fetchone()[0]
    return found
