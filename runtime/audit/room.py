"""The audit log of a daemon, as its configuration has it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from stationd.runtime.audit.files import Files
from stationd.runtime.audit.settings import Audit
from stationd.runtime.audit.trail import Trail, written_trail

FOLDER: Final = "audit"
"""Below the state directory."""
_MIB: Final = 2**20


@asynccontextmanager
async def open_trail(state: Path, settings: Audit) -> AsyncGenerator[Trail | None]:
    """Keep the audit log while the context lasts; None if it is turned off."""
    if not settings.days:
        yield None
        return
    async with written_trail(Files(state / FOLDER, settings.days, settings.mib * _MIB)) as trail:
        yield trail
