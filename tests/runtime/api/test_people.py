"""Whom the daemon takes a client for, and what that person may do."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import zmq

from stationd.proto.compiled_requests import ReadCompiled
from stationd.proto.error import Forbidden
from stationd.proto.guard_requests import ListGuards
from stationd.proto.job import JobFilter, JobId
from stationd.proto.jobs_protocol import (
    Cancel,
    Fetch,
    Get,
    GetCalibration,
    Grant,
    ListCalibrations,
    ListControllers,
    Ping,
    Request,
    ResetController,
    Unlisten,
)
from stationd.proto.project_requests import ListProjects
from stationd.proto.provenance import ReadProvenance
from stationd.proto.queue_requests import ListQueue, ListTargets, Why
from stationd.proto.result_requests import Peek
from stationd.proto.search import ScopeFilterEnum
from stationd.proto.socket import bind, connect
from stationd.proto.station_requests import ReadLog, Survey
from stationd.proto.version_requests import ReadVersions
from stationd.runtime.api.people import NEEDED, People, Person, Role, scoped
from stationd.runtime.security.access import Access, means_of
from stationd.runtime.security.register import Register

pytestmark = pytest.mark.anyio

ADA = Person("ada", "submitter")
OPERATOR = Person("max", "operator")
ADMIN = Person("root", "admin")
KEY = "k" * 40


@pytest.fixture
def ipc() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="stationd-"))
    yield f"ipc://{folder}/s"
    shutil.rmtree(folder)


async def test_the_kernel_tells_which_user_has_sent_a_message(ipc: str) -> None:
    with bind(zmq.ROUTER, ipc) as router, connect(zmq.DEALER, ipc) as dealer:
        router.remember_senders()
        await dealer.send([b"hello"])
        await router.receive()
        people = People({})
        assert means_of(router.sender) == f"unix:{os.getuid()}"
        assert people.known(router.sender) is None
        person = await people.introduce(router.sender)
        assert person.name == pwd.getpwuid(os.getuid()).pw_name
        assert people.known(router.sender) == person


async def test_whoever_comes_over_the_network_without_a_key_is_nobody() -> None:
    with (
        bind(zmq.ROUTER, "tcp://127.0.0.1:*") as router,
        connect(zmq.DEALER, router.endpoint) as dealer,
    ):
        router.remember_senders()
        await dealer.send([b"hello"])
        await router.receive()
        assert means_of(router.sender) == ""
        people = People({})
        with pytest.raises(Forbidden, match="nothing tells"):
            people.known(router.sender)
        with pytest.raises(Forbidden, match="nothing tells"):
            await people.introduce(router.sender)


class FromKey(zmq.Frame):
    """A first frame as it comes over a connection that was made with a key."""

    def get(self, option: int | str) -> int | str | bytes:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] - only this way is asked
        return f"curve:{KEY}" if option == "User-Id" else super().get(option)


def test_a_key_makes_a_user_known_until_it_is_revoked() -> None:
    access = Access(Register(users={KEY: "ada"}))
    people = People({"ada": "operator"}, access)
    assert people.known(FromKey(b"1")) == people.person("ada", f"curve:{KEY}")
    access.replace(Register())
    with pytest.raises(Forbidden, match=r"does not know the key kkkkkkkk\.\.\. any more: ask"):
        people.known(FromKey(b"1"))


def test_another_role_holds_from_the_next_message_on() -> None:
    people = People({"ada": "operator"}, Access(Register(users={KEY: "ada"})))
    known = people.known(FromKey(b"1"))
    assert known is not None
    assert known.role == "operator"
    people.reload({"ada": "observer"})
    known = people.known(FromKey(b"1"))
    assert known is not None
    assert known.role == "observer"


@pytest.mark.parametrize(
    ("roles", "name", "role"),
    [
        ({}, "ada", "admin"),
        ({"max": "operator"}, "max", "operator"),
        ({"max": "operator"}, "ada", "submitter"),
        ({"*": "observer"}, "ada", "observer"),
    ],
)
def test_roles_are_those_of_the_settings(roles: dict[str, Role], name: str, role: Role) -> None:
    assert People(roles).person(name) == Person(name, role, roles)


@pytest.mark.parametrize(
    ("person", "request_", "allowed"),
    [
        (Person("eve", "observer"), Cancel(1, JobId("x")), False),
        (Person("eve", "observer"), Get(1, JobId("x")), True),
        (Person("eve", "observer"), Ping(1, ""), True),
        (ADA, Cancel(1, JobId("x")), True),
        (ADA, ResetController(1, "qpu"), False),
        (OPERATOR, ResetController(1, "qpu"), True),
    ],
)
def test_a_request_takes_a_role(person: Person, request_: Request, allowed: bool) -> None:  # noqa: FBT001
    if allowed:
        person.check(request_)
    else:
        with pytest.raises(Forbidden, match=f"takes the role {NEEDED[type(request_)]}"):
            person.check(request_)


def test_it_is_told_which_role_is_needed_and_who_has_it() -> None:
    people = People({"max": "operator", "root": "admin", "eve": "observer", "*": "submitter"})
    with pytest.raises(
        Forbidden,
        match=r"^ada has the role submitter, and ResetController takes the role operator:"
        r" ask max \(operator\) or root \(admin\)$",
    ):
        people.person("ada").check(ResetController(1, "qpu"))
    with pytest.raises(Forbidden, match=r"nobody has it, see \[users\]"):
        People({"*": "observer"}).person("ada").check(Cancel(1, JobId("x")))


def test_what_belongs_to_others_only_an_operator_may_change() -> None:
    ADA.check_owner("ada", "job 7")
    OPERATOR.check_owner("ada", "job 7")
    with pytest.raises(
        Forbidden, match=r"^job 7 belongs to max: for ada.* takes the role operator"
    ):
        ADA.check_owner("max", "job 7")


def test_every_request_says_who_may_ask() -> None:
    looking = {Get, Peek, Fetch, Grant, Unlisten, ReadLog, Survey, Why, ListQueue}
    looking |= {ListCalibrations, GetCalibration, ListControllers, ListProjects, ListTargets}
    looking |= {ListGuards}
    looking |= {ReadVersions, ReadProvenance, ReadCompiled}
    assert not looking & NEEDED.keys()
    assert looking | NEEDED.keys() == set(get_args(Request))


@pytest.mark.parametrize(
    ("scope", "person", "seen"),
    [
        (None, ADA, ()),
        (ScopeFilterEnum.USER, ADA, ("ada",)),
        (ScopeFilterEnum.ORG_ADMIN, ADA, None),
        (ScopeFilterEnum.GLOBAL_ADMIN, OPERATOR, None),
        (ScopeFilterEnum.ORG_ADMIN, OPERATOR, ()),
        (ScopeFilterEnum.GLOBAL_ADMIN, ADMIN, ()),
        (ScopeFilterEnum.HIGHEST, ADA, ("ada",)),
        (ScopeFilterEnum.HIGHEST, OPERATOR, ()),
    ],
)
def test_a_scope_shows_what_the_role_allows(
    scope: ScopeFilterEnum | None, person: Person, seen: tuple[str, ...] | None
) -> None:
    assert scoped(JobFilter(scope=scope), person) == seen


def test_a_scope_leaves_nothing_of_a_search_for_others() -> None:
    wanted = JobFilter(scope=ScopeFilterEnum.USER, creators=("max",))
    assert scoped(wanted, ADA) is None
