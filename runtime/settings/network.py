"""What must hold where a station is open to a network: endpoints, and who has which key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stationd.proto.curve import is_key
from stationd.runtime.settings.keys import dotted
from stationd.runtime.settings.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings.settings import Settings

_IPC: Final = re.compile(r"^ipc:///.{1,100}\Z")
_TCP: Final = re.compile(
    r"^tcp://(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s/:\[\]@;]+):(?:\*|(?P<port>\d{1,5}))\Z"
)
_HIGHEST_PORT: Final = 65_535
NOBODY_IN_CHARGE: Final = (
    "users: nobody is operator or admin, root neither, so nobody may pause a target or cancel jobs"
    ' of others: give somebody on this host the role, as in [users.root] role = "operator"'
)
_ANYBODY: Final = "*"


def is_endpoint(text: str) -> bool:
    """Return whether a text is an endpoint that a station can listen at.

    >>> [is_endpoint(text) for text in ("ipc:///run/s", "tcp://*:7000", "tcp://[::]:1", "tcp://:1")]
    [True, True, True, False]
    """
    tcp = _TCP.match(text)
    if tcp is None:
        return _IPC.match(text) is not None
    return int(tcp["port"] or 0) <= _HIGHEST_PORT


def endpoint_problems(settings: Settings) -> list[Problem]:
    """Return what is wrong with the places to connect to."""
    named = [("api.endpoints", endpoint) for endpoint in settings.api.endpoints]
    named += [("instruments.listen", endpoint) for endpoint in settings.instruments.listen]
    if settings.instruments.endpoint:
        named.append(("instruments.endpoint", settings.instruments.endpoint))
    found = [
        Problem(
            key,
            f"{endpoint!r} is not ipc:// with an absolute path of at most 100 characters, nor"
            " tcp://ADDRESS:PORT",
        )
        for key, endpoint in named
        if not is_endpoint(endpoint)
    ]
    needed = not (settings.instruments.endpoint and settings.api.endpoints)
    if needed and not _holds_sockets(settings.station.runtime):
        found.append(
            Problem(
                "station.runtime",
                f"{settings.station.runtime!r} is not an absolute path that leaves room for the"
                " sockets' names (100 characters in all)",
            )
        )
    return found


def _holds_sockets(folder: str) -> bool:
    return folder.startswith("/") and is_endpoint(f"ipc://{folder}/instruments.sock")


def key_problems(settings: Settings) -> list[Problem]:
    """Return what is wrong with public keys: their form, and that two have the same."""
    found: list[Problem] = []
    owners: dict[str, str] = {}
    for where, key in _keys(settings):
        if not is_key(key):
            found.append(
                Problem(
                    where,
                    f"{key!r} is no public key: it has 40 characters, as `stationd keygen` prints"
                    " them and keeps them in NAME.public",
                )
            )
        elif key in owners:
            found.append(
                Problem(
                    where,
                    f"{key!r} is at {owners[key]} too: a key is one user's or one"
                    " controller's, and once",
                )
            )
        owners.setdefault(key, where)
    station = settings.security.station_key
    if station and not is_key(station):
        found.append(Problem("security.station_key", f"{station!r} is no public key"))
    if settings.users.get(_ANYBODY) is not None and settings.users[_ANYBODY].keys:
        reason = "over a network nobody is let in without a key of their own: name the user"
        found.append(Problem(dotted(("users", _ANYBODY, "keys")), reason))
    return found


def lonely_endpoints(settings: Settings) -> list[str]:
    """Return, in words, the endpoints over a network where nobody would be let in.

    No mistake: so it is when the last key has been revoked.
    """
    found: list[str] = []
    if _any_tcp(settings.api.endpoints) and not any(one.keys for one in settings.users.values()):
        found.append(
            "api.endpoints: over a network users are known by their keys, and no user has one: make"
            " it with `stationd keygen NAME`, and put what it prints into [users.NAME] keys"
        )
    controllers = settings.controllers.values()
    if _any_tcp(settings.instruments.listen) and not any(one.keys for one in controllers):
        found.append(
            "instruments.listen: over a network controllers are known by their keys, and none has"
            " one: make it with `stationd keygen NAME --for controller`, and put what it prints"
            " into [controllers.NAME] keys"
        )
    return found


def without_operator(settings: Settings) -> list[str]:
    """Return, in words, that some have roles and nobody may look after the station."""
    roles = {one.role for one in settings.users.values()}
    if not roles or roles & {"operator", "admin"}:
        return []
    return [NOBODY_IN_CHARGE]


def _keys(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, user in settings.users.items():
        for key in user.keys:
            yield dotted(("users", name, "keys")), key
    for name, controller in settings.controllers.items():
        for key in controller.keys:
            yield dotted(("controllers", name, "keys")), key


def _any_tcp(endpoints: tuple[str, ...]) -> bool:
    return any(endpoint.startswith("tcp://") for endpoint in endpoints)
