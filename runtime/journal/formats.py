"""The format of the journal: its version, its tables, and where older ones come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple


class Format(NamedTuple):
    """A format of the journal, and how older ones become it."""

    version: int
    migrations: Path
    """Alembic's directory; revision ``0007`` makes version 7."""
    tables: Mapping[str, str]
    """The columns of each table and index, in order."""


# `schema` makes them, and would take long to import where they are only looked at.
_TABLES: Final = {
    "blocks": "number attempt controller block header data",
    "calibration_defaults": "target id",
    "calibration_sets": "id target created_unix_s name observations data",
    "calibration_sets_of_target": "target created_unix_s",
    "controllers": "name driver ledger version time_unix_s capabilities",
    "facts": "seq number ordinal attempt status time_unix_s cancelling error note retrying passed",
    "items": "number item attempt error artifact size_bytes sha256 data partial",
    "jobs": "number id target kind name creator project description properties priority"
    " created_unix_s attempt ordinal status ended seq modified_unix_s cancelling error note"
    " calibration_set ticket ticket_attempt running collected placement",
    "jobs_by_end": "modified_unix_s number",
    "jobs_ended": "ended number",
    "jobs_under_way": "number",
    "meta": "one station schema_version epoch seq number ticket newest_created set_back"
    " changed_back forgotten",
    "name_parts": "folded",
    "projects": "id name data",
    "queue_notes": "kind name data",
    "specs": "number spec",
    "sweeps": "number attempt metadata",
    "tags": "term number",
    "terms": "id kind word folded jobs",
    "terms_by_name": "folded",
    "versions": "id controller since_unix_s data",
    "versions_of_controller": "controller id",
    "works": "number attempt data",
}
NEWEST: Final = Format(1, Path(__file__).parent / "migrations", _TABLES)
"""The format of this stationd."""
