"""Whom the daemon takes a client for, and what that person may do."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from stationd.proto.error import Forbidden
from stationd.proto.job import JobFilter, JobId
from stationd.proto.jobs_protocol import Cancel, Get, Ping, Request, ResetController
from stationd.proto.search import ScopeFilterEnum
from stationd.proto.socket import bind, connect
from stationd.runtime.api.people import NEEDED, People, Person, Role, scoped, uid_of

pytestmark = pytest.mark.anyio

ADA = Person("ada", "submitter")
OPERATOR = Person("max", "operator")
ADMIN = Person("root", "admin")


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
        assert uid_of(router.sender) == os.getuid()
        assert people.known(router.sender) is None
        person = await people.introduce(router.sender)
        assert person.name == pwd.getpwuid(os.getuid()).pw_name
        assert people.known(router.sender) == person


async def test_whoever_comes_over_the_network_has_no_name() -> None:
    with (
        bind(zmq.ROUTER, "tcp://127.0.0.1:*") as router,
        connect(zmq.DEALER, router.endpoint) as dealer,
    ):
        router.remember_senders()
        await dealer.send([b"hello"])
        await router.receive()
        assert uid_of(router.sender) is None
        assert People({"root": "admin"}).known(router.sender) == Person("", "submitter")


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
    assert People(roles).person(name) == Person(name, role)


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


def test_what_belongs_to_others_only_an_operator_may_change() -> None:
    ADA.check_owner("ada")
    OPERATOR.check_owner("ada")
    with pytest.raises(Forbidden, match="belongs to max"):
        ADA.check_owner("max")


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
