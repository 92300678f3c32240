"""What a controller must know to begin."""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.curve import Credentials


class ControllerSettings(Struct, frozen=True, kw_only=True):
    """What a controller must know to begin."""

    name: str
    driver: str
    """A name that `load_driver` knows."""
    endpoint: str
    """Where the daemon listens for controllers."""
    credentials: Credentials | None = None
    """What it takes to connect over a network."""
    state: str
    """The controller's own directory, for its ledger."""
    options: dict[str, object] = {}
    """The driver's."""
    beat_interval: float = 0.5
    """Seconds."""
    spool_limit: int = 1 << 30
    """Bytes of unacknowledged data from which on new tickets are refused."""
