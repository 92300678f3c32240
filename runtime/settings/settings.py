"""All that the configuration says, as one value. A new table is a field here."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from stationd.runtime.audit.settings import Audit
from stationd.runtime.limits.bounds import Limits
from stationd.runtime.logs.settings import Log
from stationd.runtime.settings.circuits import Calibration, Compilation
from stationd.runtime.settings.guard import Guard
from stationd.runtime.settings.tables import (
    Api,
    Artifacts,
    Controller,
    Deadlines,
    Instruments,
    Metrics,
    Name,
    Queue,
    Recovery,
    Retention,
    Security,
    Station,
    Target,
    User,
    UserName,
    Workers,
)
from stationd.runtime.tracing.settings import Tracing


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the configuration file says, with the defaults filled in."""

    station: Station = field(default_factory=Station)
    api: Api = field(default_factory=Api)
    instruments: Instruments = field(default_factory=Instruments)
    security: Security = field(default_factory=Security)
    deadlines: Deadlines = field(default_factory=Deadlines)
    recovery: Recovery = field(default_factory=Recovery)
    queue: Queue = field(default_factory=Queue)
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = field(default_factory=Log)
    tracing: Tracing = field(default_factory=Tracing)
    artifacts: Artifacts = field(default_factory=Artifacts)
    retention: Retention = field(default_factory=Retention)
    workers: Workers = field(default_factory=Workers)
    compilation: Compilation = field(default_factory=Compilation)
    calibration: Calibration = field(default_factory=Calibration)
    limits: Limits = field(default_factory=Limits)
    audit: Audit = field(default_factory=Audit)
    controllers: dict[Name, Controller] = field(default_factory=dict[str, Controller])
    targets: dict[Name, Target] = field(default_factory=dict[str, Target])
    guards: dict[Name, Guard] = field(default_factory=dict[str, Guard])
    users: dict[UserName, User] = field(default_factory=dict[str, User])

    @property
    def state(self) -> Path:
        """The state directory."""
        return Path(self.station.state)

    @property
    def api_endpoints(self) -> tuple[str, ...]:
        """Where clients connect."""
        return self.api.endpoints or (f"ipc://{self.station.runtime}/jobs.sock",)

    @property
    def instruments_endpoint(self) -> str:
        """Where controllers connect."""
        return self.instruments.endpoint or f"ipc://{self.station.runtime}/instruments.sock"

    @property
    def target_controllers(self) -> dict[str, str]:
        """The controller of each target."""
        return {name: target.controller for name, target in self.targets.items()}

    def controller_state(self, name: str) -> Path:
        """Return the directory of a controller's ledger."""
        return self.state / "controllers" / name
