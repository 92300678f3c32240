"""Who asks, and what they may do.

Rule 1. Whom a client is taken for is never what it says of itself: on a Unix socket the kernel
        tells the user id of the process at the other end.
Rule 2. Looking names up may read files or ask a directory service, so it is done in a thread,
        once for each user.
"""

from __future__ import annotations

import os
import pwd
import re
from typing import TYPE_CHECKING, Final, Literal

import zmq
from anyio import to_thread
from msgspec import Struct

from stationd.proto.error import Forbidden
from stationd.proto.jobs_protocol import (
    Cancel,
    ImportCalibration,
    List,
    Listen,
    Ping,
    Request,
    ResetController,
    Retry,
    Submit,
    SubmitMany,
    UseCalibration,
)
from stationd.proto.project_requests import (
    Annotate,
    ChangeProject,
    Count,
    CreateProject,
    Delete,
    GetInput,
)
from stationd.proto.queue_requests import (
    Hold,
    Move,
    Prioritise,
    Release,
    Reserve,
    SetTarget,
    Unreserve,
)
from stationd.proto.search import ScopeFilterEnum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stationd.proto.job import JobFilter

Role = Literal["observer", "submitter", "operator", "admin"]
"""Each may do what those before it may."""
_RANKS: Final[dict[Role, int]] = {"observer": 0, "submitter": 1, "operator": 2, "admin": 3}
ANYBODY: Final = "*"
"""Stands for everybody whom the settings do not name."""

_NAMELESS: Final = "a user whom the station cannot tell"
NEEDED: Final[Mapping[type[Request], Role]] = {
    Ping: "observer",
    Listen: "observer",
    List: "observer",
    Count: "observer",
    GetInput: "observer",
    Submit: "submitter",
    SubmitMany: "submitter",
    Cancel: "submitter",
    Retry: "submitter",
    Annotate: "submitter",
    Delete: "submitter",
    CreateProject: "submitter",
    ChangeProject: "submitter",
    Hold: "submitter",
    Release: "submitter",
    Prioritise: "submitter",
    Move: "operator",
    SetTarget: "operator",
    Reserve: "operator",
    Unreserve: "operator",
    ImportCalibration: "operator",
    UseCalibration: "operator",
    ResetController: "operator",
}
"""Requests that it matters for who asks, and the least role; all others anybody may ask."""


class Person(Struct, frozen=True):
    """Whom a client is taken for."""

    name: str
    """Empty if nothing tells; all such are one and the same."""
    role: Role
    roles: dict[str, Role] = {}
    """Those of all whom the settings name, to say who may do what this person may not."""

    def may(self, role: Role) -> bool:
        """Whether this person may do what a role may."""
        return _RANKS[self.role] >= _RANKS[role]

    def check(self, request: Request) -> None:
        """Return if this person may ask for something.

        Raises:
            Forbidden: No.
        """
        needed = NEEDED.get(type(request), "observer")
        if not self.may(needed):
            raise Forbidden(
                f"{self._described} has the role {self.role}, and {type(request).__name__} takes"
                f" the role {needed}: {self._whom_to_ask(needed)}"
            )

    def check_owner(self, creator: str, what: str) -> None:
        """Return if this person may change what somebody made.

        Args:
            creator: Who made it; empty if nothing tells.
            what: In words, for the error.

        Raises:
            Forbidden: It is somebody else's, and this is no operator.
        """
        if creator != self.name and not self.may("operator"):
            raise Forbidden(
                f"{what} belongs to {creator or _NAMELESS}: for {self._described}, who has the role"
                f" {self.role}, that takes the role operator: {self._whom_to_ask('operator')}"
            )

    @property
    def _described(self) -> str:
        return self.name or _NAMELESS

    def _whom_to_ask(self, role: Role) -> str:
        able = [
            f"{name} ({has})"
            for name, has in sorted(self.roles.items())
            if name != ANYBODY and _RANKS[has] >= _RANKS[role]
        ]
        if able:
            return f"ask {' or '.join(able)}"
        return "nobody has it, see [users] in the station's configuration"


class People:
    """The users of a station.

    Args:
        roles: The roles of users by their names, and of `ANYBODY` else. If nobody is named,
            whoever reaches the socket may do everything.
        name_of: Looks up a user's name by its number; may block.
    """

    def __init__(
        self, roles: Mapping[str, Role], name_of: Callable[[int], str] | None = None
    ) -> None:
        self._roles = dict(roles)
        self._others: Role = roles.get(ANYBODY, "submitter" if roles else "admin")
        self._name_of = name_of or name_of_user
        self._names: dict[int, str] = {}

    def known(self, sender: zmq.Frame | None) -> Person | None:
        """Return who has sent a message; None if the name must be looked up first."""
        uid = uid_of(sender)
        if uid is None:
            return Person("", self._others, self._roles)
        name = self._names.get(uid)
        return None if name is None else self.person(name)

    def person(self, name: str) -> Person:
        """Return the user of a name."""
        return Person(name, self._roles.get(name, self._others), self._roles)

    async def prepare(self) -> None:
        """Look up the users who come most often, before the first of them does."""
        for uid in {0, os.getuid()}:
            self._names[uid] = await to_thread.run_sync(self._name_of, uid)

    async def introduce(self, sender: zmq.Frame | None) -> Person:
        """Look up the name of whoever has sent a message."""
        uid = uid_of(sender)
        if uid is not None and uid not in self._names:
            self._names[uid] = await to_thread.run_sync(self._name_of, uid)
        found = self.known(sender)
        return found or Person("", self._others, self._roles)


def name_of_user(uid: int) -> str:
    """Return the name of a Unix user; its number if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def uid_of(sender: zmq.Frame | None) -> int | None:
    """Return the user id of the process that a message came from, if the kernel tells it."""
    if sender is None:
        return None
    try:
        address = sender.get("Peer-Address")
    except zmq.ZMQError:
        return None
    found = _CREDENTIALS.fullmatch(address) if isinstance(address, str) else None
    return None if found is None else int(found[1])


def scoped(wanted: JobFilter, person: Person) -> tuple[str, ...] | None:
    """Return whose jobs a search is to find: any of these, or all if there are none.

    None if it can find nothing: the scope is beyond whoever asks, or leaves nobody.
    """
    match wanted.scope:
        case None:
            return wanted.creators
        case ScopeFilterEnum.ORG_ADMIN:
            return wanted.creators if person.may("operator") else None
        case ScopeFilterEnum.GLOBAL_ADMIN:
            return wanted.creators if person.may("admin") else None
        case ScopeFilterEnum.HIGHEST if person.may("operator"):
            return wanted.creators
        case _:
            own = not wanted.creators or person.name in wanted.creators
            return (person.name,) if own else None


# ZeroMQ writes what SO_PEERCRED says behind the name of the host. No address of a network has
# this form: there it is a number, or a number and colons in pairs.
_CREDENTIALS: Final = re.compile(r"(?:localhost)?:(\d+):(\d+):(\d+)")
