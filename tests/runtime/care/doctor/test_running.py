"""Whether a daemon runs, what it says of its controllers, and whether its ports are free."""

import os
import socket
from pathlib import Path

import pytest

from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import ControllerView
from stationd.runtime.care.doctor.running import daemon, judged
from stationd.runtime.journal.lock import take_lock
from stationd.runtime.settings import Settings, parse


def settings(folder: Path, listen: str = "") -> Settings:
    station = {"state": str(folder / "state"), "runtime": str(folder / "run")}
    return parse({"station": station, "metrics": {"listen": listen}}, "x")


def view(name: str, *, connected: bool = True, quarantined: str | None = None) -> ControllerView:
    return ControllerView(
        name=name,
        driver="null",
        connected=connected,
        running=None,
        line=0,
        capabilities=None,
        quarantined=None if quarantined is None else JobId(quarantined),
    )


def test_a_daemon_that_does_not_run_is_no_trouble_and_leaves_no_mark(tmp_path: Path) -> None:
    assert [one.state for one in daemon(settings(tmp_path))] == ["ok"]
    os.close(take_lock(tmp_path / "state"))
    (tmp_path / "state" / "lock").write_text("999999999")
    assert [one.state for one in daemon(settings(tmp_path))] == ["ok"]
    assert (tmp_path / "state" / "lock").read_text() == "999999999"


def test_whoever_may_not_see_the_lock_is_not_told_that_the_daemon_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    # Whoever runs the tests may look anywhere.
    monkeypatch.setattr(os, "open", closed)
    (found,) = daemon(settings(tmp_path))
    assert (found.check, found.state) == ("daemon", "warn")
    assert "may not see" in found.text


def test_a_port_that_another_program_has_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = [*daemon(settings(tmp_path, address))]
        assert [(one.check, one.state) for one in found] == [("daemon", "ok"), ("ports", "fail")]
    assert [one.state for one in daemon(settings(tmp_path, address))] == ["ok", "ok"]


def test_controllers_that_are_away_or_in_quarantine_are_told() -> None:
    views = (view("a"), view("b", connected=False), view("c", quarantined="job"))
    assert [one.state for one in judged(views)] == ["fail", "fail"]
    assert "stationctl reset c" in [one.advice for one in judged(views)][1]
    assert "systemctl start stationd-controller@b" in next(judged(views, ["b"])).advice
    assert [one.state for one in judged((view("a"),))] == ["ok"]
