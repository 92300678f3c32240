"""Who is let in, and whom they may speak for."""

import os

import pytest

from stationd.runtime.security.register import (
    INSTRUMENTS,
    JOBS,
    Knock,
    Refusal,
    Register,
    register_of,
)
from stationd.runtime.settings import parse

# The same in every process that collects these tests: they are in their names.
ADA, QPU, STRANGER = "A" * 40, "Q" * 40, "S" * 40
OWN, LAB, OTHER = 1000, 2000, 3000
REGISTER = Register(users={ADA: "ada"}, controllers={QPU: "qpu"}, uids={"qpu": LAB}, own_uid=OWN)


def unix(uid: int) -> str:
    return f"localhost:{uid}:100:4711"


@pytest.mark.parametrize(
    ("knock", "means"),
    [
        (Knock(JOBS, "10.0.0.7", ADA), f"curve:{ADA}"),
        (Knock(JOBS, unix(OTHER)), f"unix:{OTHER}"),
        (Knock(INSTRUMENTS, "10.0.0.8", QPU), f"curve:{QPU}"),
        (Knock(INSTRUMENTS, unix(OWN)), f"unix:{OWN}"),
        (Knock(INSTRUMENTS, unix(0)), "unix:0"),
        (Knock(INSTRUMENTS, unix(LAB)), f"unix:{LAB}"),
    ],
)
def test_whoever_is_named_is_let_in_and_known(knock: Knock, means: str) -> None:
    assert REGISTER.admit(knock) == means


@pytest.mark.parametrize(
    ("knock", "why"),
    [
        (Knock(JOBS, "10.0.0.7", STRANGER), "nobody's: see [users.NAME] keys"),
        (Knock(JOBS, "10.0.0.7", QPU), "is that of the controller 'qpu'"),
        (Knock(JOBS, "10.0.0.7"), "no key"),
        (Knock(INSTRUMENTS, "10.0.0.7", STRANGER), "nobody's: see [controllers.NAME] keys"),
        (Knock(INSTRUMENTS, "10.0.0.7", ADA), "that of the user 'ada'"),
        (Knock(INSTRUMENTS, unix(OTHER)), "not the daemon's: see [controllers.NAME] user"),
        (Knock("", "10.0.0.7", ADA), "no socket"),
    ],
)
def test_nobody_else_is_let_in(knock: Knock, why: str) -> None:
    refusal = REGISTER.admit(knock)
    assert isinstance(refusal, Refusal)
    assert why in refusal.why


@pytest.mark.parametrize(
    ("means", "controller", "may"),
    [
        (f"curve:{QPU}", "qpu", True),
        (f"curve:{QPU}", "bench", False),
        (f"curve:{ADA}", "qpu", False),
        (f"unix:{OWN}", "bench", True),
        (f"unix:{LAB}", "qpu", True),
        (f"unix:{LAB}", "bench", False),
        (f"unix:{OTHER}", "qpu", False),
        ("", "qpu", False),
    ],
)
def test_a_controller_speaks_for_itself_alone(means: str, controller: str, may: bool) -> None:  # noqa: FBT001
    assert REGISTER.may_be(means, controller) is may


def test_the_configuration_says_whose_keys_there_are() -> None:
    settings = parse(
        {
            "users": {"ada": {"keys": [ADA, STRANGER]}, "eve": {}},
            "controllers": {"qpu": {"driver": "null", "keys": [QPU], "user": "lab"}},
        },
        "the.toml",
    )
    assert register_of(settings, {"lab": LAB}) == Register(
        users={ADA: "ada", STRANGER: "ada"},
        controllers={QPU: "qpu"},
        uids={"qpu": LAB},
        own_uid=os.getuid(),
    )


def test_a_unix_user_who_does_not_exist_may_be_nobody() -> None:
    register = Register(uids={"qpu": None}, own_uid=OWN)
    assert isinstance(register.admit(Knock(INSTRUMENTS, unix(OTHER))), Refusal)
    assert not register.may_be(f"unix:{OTHER}", "qpu")
