"""What systemd is told."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd.runtime.notification import notify


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Listen as systemd does, on either kind of socket."""
    with (
        tempfile.TemporaryDirectory(prefix="nfy") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
    ):
        listening.settimeout(60)
        if request.param == "path":
            address = shown = str(Path(folder) / "notify")
        else:
            address, shown = f"\0stationd-test-{os.getpid()}", f"@stationd-test-{os.getpid()}"
        listening.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", shown)
        yield listening


def test_lines_arrive_in_one_datagram(systemd: socket.socket) -> None:
    notify("READY=1", "STATUS=accepting jobs")
    assert systemd.recv(1000) == b"READY=1\nSTATUS=accepting jobs"
    notify("STOPPING=1")
    assert systemd.recv(1000) == b"STOPPING=1"


def test_nothing_happens_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


@pytest.mark.parametrize(
    "address", ["/nowhere/notify", "@stationd-nobody-listens", "/" + "x" * 200]
)
def test_a_supervisor_that_does_not_listen_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")
