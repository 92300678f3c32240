"""How much of the audit log is kept."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Audit(Struct, frozen=True, forbid_unknown_fields=True):
    """Who has changed what, and who was refused; kept below the state directory, in ``audit``."""

    days: Annotated[int, Meta(ge=0, le=100_000)] = 365
    """Days that lines are kept; 0 turns the audit log off."""
    mib: Annotated[int, Meta(ge=1, le=1_000_000)] = 1024
    """MiB that all lines may take up together; the oldest are removed first."""
