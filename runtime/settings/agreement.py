"""What must hold in the configuration beyond the type of each key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stationd.actors.drivers.built_in import BUILT_IN
from stationd.runtime.settings.guard_agreement import guard_problems
from stationd.runtime.settings.keys import dotted
from stationd.runtime.settings.network import endpoint_problems, key_problems
from stationd.runtime.settings.problems import Problem, suggestion

if TYPE_CHECKING:
    from stationd.runtime.settings.settings import Settings

_LISTEN: Final = re.compile(r"^(127\.\d+\.\d+\.\d+|localhost|::1):\d{1,5}\Z")
_CLASS: Final = re.compile(r"^[\w.]+:\w+\Z")
_HIGHEST_PORT: Final = 65_535


def disagreements(settings: Settings) -> list[Problem]:
    """Return what does not fit together, or cannot be."""
    return [
        *endpoint_problems(settings),
        *key_problems(settings),
        *_metrics_problems(settings),
        *_state_problems(settings),
        *_driver_problems(settings),
        *_reference_problems(settings),
        *guard_problems(settings),
        *_store_problems(settings),
    ]


def _store_problems(settings: Settings) -> list[Problem]:
    artifacts = settings.artifacts
    if not artifacts.store and not artifacts.keep_local:
        reason = "there is no artifacts.store where results would be kept instead"
        return [Problem("artifacts.keep_local", reason)]
    if artifacts.store.startswith("memory:") and not artifacts.keep_local:
        reason = "memory:// forgets everything with the daemon: let results stay here, too"
        return [Problem("artifacts.keep_local", reason)]
    return []


def _metrics_problems(settings: Settings) -> list[Problem]:
    listen = settings.metrics.listen
    if listen and not _is_listen(listen):
        reason = f"{listen!r} is not ADDRESS:PORT on the loopback interface"
        return [Problem("metrics.listen", reason)]
    return []


def _is_listen(listen: str) -> bool:
    return bool(_LISTEN.match(listen)) and int(listen.rpartition(":")[2]) <= _HIGHEST_PORT


def _state_problems(settings: Settings) -> list[Problem]:
    # A relative one would be another station's from each folder that a command is typed in.
    if settings.station.state.startswith("/"):
        return []
    return [Problem("station.state", f"{settings.station.state!r} is not an absolute path")]


def _driver_problems(settings: Settings) -> list[Problem]:
    known = list(BUILT_IN)
    return [
        Problem(
            dotted(("controllers", name, "driver")),
            f"no built-in driver is called {one.driver!r}, and one of yours would be"
            f" 'package.module:Class'{suggestion(one.driver, known)}",
        )
        for name, one in settings.controllers.items()
        if one.driver not in BUILT_IN and not _CLASS.match(one.driver)
    ]


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
