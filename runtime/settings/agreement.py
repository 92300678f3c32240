"""What must hold in the configuration beyond the type of each key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stationd.runtime.settings.keys import dotted
from stationd.runtime.settings.problems import Problem, suggestion

if TYPE_CHECKING:
    from stationd.runtime.settings.settings import Settings

_LOOPBACK: Final = re.compile(r"^tcp://(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+|\*)\Z")
_IPC: Final = re.compile(r"^ipc:///.{1,100}\Z")
_LISTEN: Final = re.compile(r"^(127\.\d+\.\d+\.\d+|localhost|::1):\d{1,5}\Z")
_HIGHEST_PORT: Final = 65_535


def disagreements(settings: Settings) -> list[Problem]:
    """Return what does not fit together, or cannot be."""
    return [*_endpoint_problems(settings), *_reference_problems(settings)]


def _endpoint_problems(settings: Settings) -> list[Problem]:
    endpoints = [("api.endpoints", endpoint) for endpoint in settings.api.endpoints]
    if settings.instruments.endpoint:
        endpoints.append(("instruments.endpoint", settings.instruments.endpoint))
    found = [
        Problem(
            key,
            f"{endpoint!r} is not ipc:// with an absolute path of at most 100 characters, nor"
            " tcp:// on the loopback interface",
        )
        for key, endpoint in endpoints
        if not _IPC.match(endpoint) and not _LOOPBACK.match(endpoint)
    ]
    if not _IPC.match(settings.instruments_endpoint) and not settings.instruments.endpoint:
        found.append(
            Problem(
                "station.runtime",
                f"{settings.station.runtime!r} is not an absolute path that leaves room for the"
                " sockets' names (100 characters in all)",
            )
        )
    listen = settings.metrics.listen
    if listen and not _is_listen(listen):
        reason = f"{listen!r} is not ADDRESS:PORT on the loopback interface"
        found.append(Problem("metrics.listen", reason))
    return found


def _is_listen(listen: str) -> bool:
    return bool(_LISTEN.match(listen)) and int(listen.rpartition(":")[2]) <= _HIGHEST_PORT


def _reference_problems(settings: Settings) -> list[Problem]:
    return [
        Problem(
            dotted(("targets", name, "controller")),
            f"no controller is called {target.controller!r}"
            + suggestion(target.controller, list(settings.controllers)),
        )
        for name, target in settings.targets.items()
        if target.controller not in settings.controllers
    ]
