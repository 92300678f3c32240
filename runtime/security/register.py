"""Whose keys there are: what the configuration says, ready to be asked.

Rule 1. Whoever is not named is refused. Over a network only a key names somebody; on this host
        the kernel's user ids do.
Rule 2. A user's key opens the jobs API alone, a controller's the instruments alone.
Rule 3. How somebody is known is a text: ``unix:UID`` or ``curve:KEY``. It stands behind every
        message of the connection, so what it allows is asked at every message anew.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from stationd.proto.curve import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.runtime.settings import Settings

JOBS: Final = "jobs"
INSTRUMENTS: Final = "instruments"
"""The domains: what ZeroMQ calls the sockets when it asks."""
Domain = Literal["jobs", "instruments"]
UNIX: Final = "unix:"
CURVE: Final = "curve:"

# ZeroMQ writes what SO_PEERCRED says behind the name of the host. No address of a network has
# this form: there it is a number, or a number and colons in pairs.
_CREDENTIALS: Final = re.compile(r"(?:localhost)?:(\d+):(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody who wants to connect."""

    domain: str
    address: str
    """An address of a network, or what the kernel says of a process on this host."""
    key: str = ""
    """The public key whose secret one they have; empty if none was asked for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody who was not let in."""

    domain: str
    address: str
    means: str
    """How they would be known; empty if nothing tells."""
    why: str


@dataclass(frozen=True, slots=True)
class Register:
    """Whose keys there are, and which Unix users may run controllers."""

    users: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of users by their public keys."""
    controllers: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of controllers by their public keys."""
    uids: Mapping[str, int | None] = field(default_factory=dict[str, int | None])
    """The Unix users whom the configuration allows to run a controller, by its name; None for
    one who does not exist."""
    own_uid: int = field(default_factory=os.getuid)

    def admit(self, knock: Knock) -> str | Refusal:
        """Return how somebody is known from now on, or why they are not let in."""
        means = _means(knock)
        why = self._objection(knock, means)
        return Refusal(knock.domain, knock.address, means, why) if why else means

    def user_of(self, means: str) -> str | None:
        """Return the name of the user who has a key; None if it is nobody's (any more)."""
        return self.users.get(means.removeprefix(CURVE)) if means.startswith(CURVE) else None

    def may_be(self, means: str, controller: str) -> bool:
        """Return whether somebody who is known so may speak for a controller."""
        if means.startswith(CURVE):
            return self.controllers.get(means.removeprefix(CURVE)) == controller
        uid = uid_in(means)
        return uid is not None and uid in {0, self.own_uid, self.uids.get(controller)}

    def _objection(self, knock: Knock, means: str) -> str:
        if not means:
            return "there is no key, and nothing else tells who it is"
        if knock.domain == JOBS:
            return self._objection_to_user(means)
        if knock.domain == INSTRUMENTS:
            return self._objection_to_controller(means)
        return f"there is no socket {knock.domain!r}"

    def _objection_to_user(self, means: str) -> str:
        if means.startswith(UNIX) or self.user_of(means) is not None:
            return ""
        key = means.removeprefix(CURVE)
        if key in self.controllers:
            return f"the key {shown(key)} is that of the controller {self.controllers[key]!r}"
        return f"the key {shown(key)} is nobody's: see [users.NAME] keys in the configuration"

    def _objection_to_controller(self, means: str) -> str:
        key = means.removeprefix(CURVE)
        if means.startswith(CURVE) and key not in self.controllers:
            owner = f"that of the user {self.users[key]!r}" if key in self.users else "nobody's"
            return (
                f"the key {shown(key)} is {owner}: see [controllers.NAME] keys in the configuration"
            )
        uid = uid_in(means)
        if uid is not None and uid not in {0, self.own_uid, *self.uids.values()}:
            return (
                f"the user id {uid} is not the daemon's: see [controllers.NAME] user in the"
                " configuration"
            )
        return ""


def register_of(settings: Settings, uids: Mapping[str, int | None] | None = None) -> Register:
    """Return what a configuration says.

    Args:
        settings: The configuration.
        uids: The numbers of the Unix users that it names, by their names.
    """
    numbers = uids or {}
    return Register(
        users={key: name for name, user in settings.users.items() for key in user.keys},
        controllers={key: name for name, one in settings.controllers.items() for key in one.keys},
        uids={
            name: numbers.get(one.user) for name, one in settings.controllers.items() if one.user
        },
    )


def uid_in(means: str) -> int | None:
    """Return the user id by which somebody is known; None if it is by a key.

    >>> uid_in("unix:1000"), uid_in("curve:Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID")
    (1000, None)
    """
    return int(means.removeprefix(UNIX)) if means.startswith(UNIX) else None


def means_at(address: str) -> str:
    """Return how the kernel's word on a process makes somebody known; empty if it is none.

    >>> means_at("localhost:1000:100:4711"), means_at("10.0.0.7")
    ('unix:1000', '')
    """
    found = _CREDENTIALS.fullmatch(address)
    return f"{UNIX}{found[1]}" if found else ""


def _means(knock: Knock) -> str:
    return f"{CURVE}{knock.key}" if knock.key else means_at(knock.address)
