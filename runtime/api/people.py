"""Who asks, and what they may do.

Rule 1. Whom a client is taken for is never what it says of itself: on a Unix socket the kernel
        tells the user id of the process at the other end, over a network its key does. It is
        asked at every message.
Rule 2. Looking names up may read files or ask a directory service, so it is done in a thread,
        once for each user.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING, Final, Literal

from anyio import to_thread
from msgspec import Struct

from stationd.proto.audit_requests import ReadAudit
from stationd.proto.curve import shown
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
    Lock,
    Maintain,
    Move,
    Prioritise,
    Release,
    Reserve,
    SetTarget,
    Unlock,
    Unreserve,
)
from stationd.proto.search import ScopeFilterEnum
from stationd.runtime.security.access import Access, means_of
from stationd.runtime.security.register import CURVE, uid_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import zmq

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
    Maintain: "operator",
    Lock: "operator",
    Unlock: "operator",
    ImportCalibration: "operator",
    UseCalibration: "operator",
    ResetController: "operator",
    ReadAudit: "admin",
}
"""Requests that it matters for who asks, and the least role; all others anybody may ask."""

LOOKING: Final[frozenset[type[Request]]] = frozenset(
    {Ping, Listen, List, Count, GetInput, ReadAudit}
)
"""Those of them that change nothing. All others have a line in the audit log."""


class Person(Struct, frozen=True):
    """Whom a client is taken for."""

    name: str
    """Empty if nothing tells; all such are one and the same."""
    role: Role
    roles: dict[str, Role] = {}
    """Those of all whom the settings name, to say who may do what this person may not."""
    means: str = ""
    """What they are known by, as in ``unix:1000`` and ``curve:KEY``; empty in a simulation."""

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
        access: Knows whose keys there are.
        name_of: Looks up a user's name by its number; may block.
    """

    def __init__(
        self,
        roles: Mapping[str, Role],
        access: Access | None = None,
        name_of: Callable[[int], str] | None = None,
    ) -> None:
        self._access = access or Access()
        self._access.watch(self._forget)
        self._name_of = name_of or name_of_user
        self._names: dict[int, str] = {}
        self._known: dict[str, Person] = {}
        """By what they are known by."""
        self.reload(roles)

    def reload(self, roles: Mapping[str, Role]) -> None:
        """Give everybody the roles that they have from now on."""
        self._roles = dict(roles)
        self._others: Role = roles.get(ANYBODY, "submitter" if roles else "admin")
        self._known.clear()

    def known(self, sender: zmq.Frame | None) -> Person | None:
        """Return who has sent a message; None if the name must be looked up first.

        Args:
            sender: The first frame of the message; None in a simulation.

        Raises:
            Forbidden: Nobody, any more.
        """
        means = means_of(sender)
        if means is None:
            return Person("", self._others, self._roles)
        found = self._known.get(means)
        if found is None:
            name = self._name(means)
            if name is None:
                return None
            found = self._known[means] = self.person(name, means)
        return found

    def person(self, name: str, means: str = "") -> Person:
        """Return the user of a name."""
        return Person(name, self._roles.get(name, self._others), self._roles, means)

    def _name(self, means: str) -> str | None:
        """Return a user's name; None if it must be looked up first."""
        uid = uid_in(means)
        if uid is not None:
            return self._names.get(uid)
        name = self._access.user_of(means)
        if name is None:
            raise Forbidden(_unknown(means))
        return name

    def _forget(self) -> None:
        self._known.clear()

    async def prepare(self) -> None:
        """Look up the users who come most often, before the first of them does."""
        for uid in {0, os.getuid()}:
            self._names[uid] = await to_thread.run_sync(self._name_of, uid)

    async def introduce(self, sender: zmq.Frame | None) -> Person:
        """Look up the name of whoever has sent a message.

        Raises:
            Forbidden: Nobody, any more.
        """
        uid = uid_in(means_of(sender) or "")
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


def _unknown(means: str) -> str:
    if not means:
        return "nothing tells the station who asks"
    key = shown(means.removeprefix(CURVE))
    return (
        f"the station does not know the key {key} any more: ask whoever runs it to put your public"
        " key into [users.NAME] keys of its configuration"
    )
