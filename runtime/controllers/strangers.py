"""Those who say to be a controller of this station and are not: told once, and not heard."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from stationd.proto.curve import shown
from stationd.runtime.security.register import CURVE

if TYPE_CHECKING:
    from collections.abc import Collection

    from stationd.proto.instruments_protocol import Hello
    from stationd.proto.job import Fence

log = logging.getLogger(__name__)

MOST_STRANGERS: Final = 100
"""Those whom the log names."""


class Strangers:
    """Whom the log has named already; a bounded number."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def unknown(self, name: str, known: Collection[str]) -> None:
        """Tell of one that is not in the configuration."""
        detail = (
            f"no controller is called {name!r} in the daemon's configuration; known are"
            f" {', '.join(sorted(known)) or 'none'}"
        )
        self._ignore(name, detail)

    def impostor(self, name: str, means: str) -> None:
        """Tell of one who may not speak for the controller that they say to be."""
        known = f"the key {shown(means.removeprefix(CURVE))}" if means.startswith(CURVE) else means
        detail = (
            f"{known or 'somebody unknown'} says to be {name!r} and may not: see"
            f" [controllers.{name}] keys and user in the configuration"
        )
        self._ignore(f"{name} {means}", detail)

    def foreign(self, hello: Hello, ours: Fence) -> None:
        """Tell of one that belongs to another station."""
        theirs = hello.fence
        belongs = "" if theirs is None else f"station {theirs.station!r}, epoch {theirs.epoch}"
        detail = (
            f"{hello.name!r} belongs to {belongs}, and this is station {ours.station!r}, epoch"
            f" {ours.epoch}: to give it to this station, remove its state directory"
        )
        self._ignore(f"{hello.name} {theirs}", detail)

    def _ignore(self, stranger: str, why: str) -> None:
        if stranger not in self._named and len(self._named) < MOST_STRANGERS:
            self._named.add(stranger)
            log.warning("ignored a controller: %s", why)
