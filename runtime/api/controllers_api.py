"""What clients ask about controllers: which there are, what guards read of them, to reset one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stationd.proto.error import RequestError
from stationd.proto.guard_requests import Guards as GuardsAnswer
from stationd.proto.guard_requests import ListGuards
from stationd.proto.jobs_protocol import (
    Controllers,
    ControllerView,
    ListControllers,
    ResetController,
    TargetView,
)
from stationd.runtime.api.privacy import anonymous

if TYPE_CHECKING:
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.privacy import Privacy
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.guards.guards import Guards
    from stationd.runtime.settings import Settings


class ControllersApi:
    """The part of the jobs API that is about controllers.

    Args:
        settings: Which targets and controllers there are.
        bus: Which of them are connected.
        instruments: What they are at work on.
        guards: What is read of them.
        privacy: Knows whose jobs somebody may read.
    """

    def __init__(
        self,
        settings: Settings,
        bus: InstrumentBus,
        instruments: Instruments,
        guards: Guards,
        privacy: Privacy,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._instruments = instruments
        self._guards = guards
        self._privacy = privacy

    def list(self, client: Client, request: ListControllers) -> None:
        """Send how the controllers are; nobody learns of jobs that they may not read."""
        shows = partial(self._privacy.shows, client.person)
        targets = tuple(
            TargetView(name=name, controller=controller)
            for name, controller in self._settings.target_controllers.items()
        )
        views = tuple(
            ControllerView(
                name=name,
                driver=self._settings.controllers[name].driver,
                connected=peer.identity is not None,
                running=anonymous(self._instruments.running(name), shows),
                line=self._instruments.queue.line(name),
                capabilities=peer.capabilities,
                quarantined=anonymous(self._instruments.quarantine.job(name), shows),
                heard_unix_s=self._bus.heard_unix_s(name),
            )
            for name, peer in self._bus.peers.items()
        )
        client.send(Controllers(request.request, targets, views))

    def reset(self, client: Client, request: ResetController) -> None:
        """Trust a controller again, and send how all of them are.

        Raises:
            RequestError: There is none of that name.
        """
        if request.name not in self._bus.peers:
            known = ", ".join(sorted(self._bus.peers)) or "none"
            raise RequestError(f"no controller is called {request.name!r}; known are {known}")
        self._instruments.reset(request.name)
        self.list(client, ListControllers(request.request))

    def list_guards(self, client: Client, request: ListGuards) -> None:
        """Send what every guard has read."""
        client.send(GuardsAnswer(request.request, tuple(self._guards.states())))
