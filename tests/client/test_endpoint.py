"""Which station is meant."""

import pytest

import stationd
from stationd.client import endpoint as room
from stationd.proto.error import RequestError


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_chosen", [])
    monkeypatch.delenv("STATIOND_ENDPOINT", raising=False)


def test_the_services_own_socket_is_the_default() -> None:
    assert room.current() == "ipc:///run/stationd/jobs.sock"


def test_the_environment_goes_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATIOND_ENDPOINT", "tcp://lab:7000")
    assert room.current() == "tcp://lab:7000"


def test_what_the_program_chose_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATIOND_ENDPOINT", "tcp://lab:7000")
    stationd.connect("ipc:///tmp/a.sock")
    stationd.connect("ipc:///tmp/b.sock")
    assert room.current() == "ipc:///tmp/b.sock"


@pytest.mark.parametrize("text", ["", "lab", "/run/x.sock", "http://lab", "tcp://lab", "ipc://"])
def test_what_is_no_endpoint_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RequestError, match=r"ipc:///run/stationd/jobs.sock or tcp://host:port"):
        stationd.connect(text)
