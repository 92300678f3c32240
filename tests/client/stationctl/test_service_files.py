"""Which files make a service, and which of them are left alone."""

from pathlib import Path

import pytest

from stationd.client.stationctl.service_files import (
    CONFIG,
    Keep,
    Remove,
    Run,
    Write,
    check_seen,
    do,
    install,
    uninstall,
)
from stationd.proto.error import StationError

COMMAND = Path("/somewhere/bin/stationd")
UNIT = Path("usr/local/lib/systemd/system/stationd.service")


def installed(root: Path) -> None:
    for step in install(root, COMMAND):
        do(step)


def test_units_start_the_stationd_that_wrote_them(tmp_path: Path) -> None:
    installed(tmp_path)
    unit = (tmp_path / UNIT).read_text()
    assert f"ExecStart={COMMAND} serve" in unit
    assert "/opt/stationd" not in unit
    template = (tmp_path / UNIT).with_name("stationd-controller@.service").read_text()
    assert f"ExecStart={COMMAND} controller %i" in template


def test_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    installed(tmp_path)
    assert {type(step) for step in install(tmp_path, COMMAND)} == {Keep}


def test_a_configuration_that_is_there_is_never_written(tmp_path: Path) -> None:
    config = tmp_path / CONFIG.relative_to("/")
    config.parent.mkdir(parents=True)
    config.write_text("mine")
    installed(tmp_path)
    assert config.read_text() == "mine"
    assert Keep(config, "yours") in list(install(tmp_path, COMMAND))


def test_a_unit_that_was_changed_is_written_anew(tmp_path: Path) -> None:
    installed(tmp_path)
    (tmp_path / UNIT).write_text("an older version's")
    (step,) = [step for step in install(tmp_path, COMMAND) if isinstance(step, Write)]
    assert step.path == tmp_path / UNIT


def test_taking_it_away_leaves_what_is_the_operator_s(tmp_path: Path) -> None:
    installed(tmp_path)
    (tmp_path / "var/lib/stationd").mkdir(parents=True)
    steps = list(uninstall(tmp_path))
    for step in steps:
        do(step)
    assert {step.path for step in steps if isinstance(step, Keep)} == {
        tmp_path / "etc/stationd",
        tmp_path / "var/lib/stationd",
    }
    assert sum(isinstance(step, Remove) for step in steps) == 4
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"stationd.toml"}


def test_on_this_system_users_and_folders_are_made_before_the_configuration() -> None:
    # Nothing is done: the steps are looked at alone.
    steps = [step for step in install(Path("/"), COMMAND) if not isinstance(step, Keep)]
    words = [step.words[0] for step in steps if isinstance(step, Run)]
    assert words == ["systemd-sysusers", "systemd-tmpfiles", "systemctl"]


def test_who_may_not_write_is_told_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StationError, match=r"cannot write .*Permission denied: this takes root"):
        do(Write(tmp_path / "unit", "text"))


@pytest.mark.parametrize("home", ["/home/ann/venv/bin", "/root/.pyenv/versions/3.11/bin"])
def test_what_the_units_hide_is_no_place_for_a_service(home: str) -> None:
    check_seen(Path("/opt/stationd/bin/stationd"), Path("/usr/bin/python3.11"))
    with pytest.raises(StationError, match=rf"hide homes .* {home}/python .* venv /opt/stationd"):
        check_seen(Path("/opt/stationd/bin/stationd"), Path(home, "python"))


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(StationError, match=r"sh -c .* failed: no such unit"):
        do(Run(("sh", "-c", "echo no such unit >&2; exit 5")))
    do(Run(("sh", "-c", "exit 5"), may_fail=True))
