"""Which station is meant."""

from pathlib import Path

import pytest

import stationd
from stationd.client.connection import endpoint as room
from stationd.proto.error import RequestError


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_chosen", [])
    for name in ("ENDPOINT", "STATION_KEY", "KEY_FILE"):
        monkeypatch.delenv(f"STATIOND_{name}", raising=False)


def test_nothing_is_chosen_at_first() -> None:
    assert room.current() == room.Choice()


def test_the_environment_goes_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATIOND_ENDPOINT", "tcp://lab:7000")
    monkeypatch.setenv("STATIOND_STATION_KEY", "k")
    monkeypatch.setenv("STATIOND_KEY_FILE", "ada.secret")
    assert room.current() == room.Choice("tcp://lab:7000", "k", "ada.secret")


def test_what_the_program_chose_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATIOND_ENDPOINT", "tcp://lab:7000")
    stationd.connect("ipc:///tmp/a.sock")
    stationd.connect("ipc:///tmp/b.sock")
    assert room.current() == room.Choice("ipc:///tmp/b.sock")
    stationd.connect("tcp://lab:1", station_key="k", key_file=Path("ada.secret"))
    assert room.current() == room.Choice("tcp://lab:1", "k", "ada.secret")


def test_what_is_chosen_bit_by_bit_adds_up() -> None:
    room.choose(key_file="ada.secret")
    room.choose(station="lab")
    assert room.current() == room.Choice("lab", "", "ada.secret")


@pytest.mark.parametrize("text", ["", "a lab", "/run/x.sock", "http://lab", "tcp://lab", "ipc://"])
def test_what_is_no_endpoint_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RequestError, match=r"ipc:///run/stationd/jobs.sock or tcp://host:port"):
        stationd.connect(text)
