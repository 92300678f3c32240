"""Whether new work may be taken: not while the station stops, or its storage is in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.error import ErrorCode, ErrorInfo, StationError, StorageTrouble

if TYPE_CHECKING:
    from stationd.runtime.journal.interface import Journal


class Intake:
    """Whether the station takes new work."""

    def __init__(self) -> None:
        self.stopping = False
        """Whether it does not, because it is about to end."""

    def check_open(self) -> None:
        """Refuse new work while the station stops.

        Raises:
            StationError: It does.
        """
        if self.stopping:
            raise StationError(
                ErrorInfo(
                    ErrorCode.SHUTTING_DOWN,
                    "the station is stopping and takes no new work: ask again when it is back",
                )
            )


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
