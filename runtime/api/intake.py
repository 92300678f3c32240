"""Whether new work may be taken, as far as the storage is concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.error import StorageTrouble

if TYPE_CHECKING:
    from stationd.runtime.journal.interface import Journal


def check_storage(journal: Journal) -> None:
    """Refuse new work while what it means could not be stored.

    Raises:
        StorageTrouble: There is trouble; the message says which, and what to do.
    """
    if journal.trouble is not None:
        raise StorageTrouble(
            f"the station takes no new work, for {journal.trouble}; jobs under way go on, and"
            " nothing that was acknowledged is lost: try again when the disk is in order"
        )
