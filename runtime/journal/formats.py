"""The format of the journal: its version, and where older ones are brought along from."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple


class Format(NamedTuple):
    """A format of the journal, and how older ones become it."""

    version: int
    migrations: Path
    """Alembic's directory; revision ``0007`` makes version 7."""


NEWEST: Final = Format(1, Path(__file__).parent / "migrations")
"""The format of this stationd."""
