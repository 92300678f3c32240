"""The table of the configuration that is about the log."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Format = Literal["auto", "text", "json", "journald"]
Level = Literal["debug", "info", "warning", "error", "critical"]


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What the daemon and its controllers say of themselves."""

    format: Format = "auto"
    """``text`` and ``json`` go to stderr; ``auto`` is ``journald`` where systemd has connected
    stderr to it, ``text`` elsewhere."""
    level: Level = "info"
    """The least that is told."""
    levels: dict[str, Level] = {}
    """The same for single loggers and those below them, by name."""
