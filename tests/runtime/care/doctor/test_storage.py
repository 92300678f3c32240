"""What is said of directories and disks, and what to do about it."""

from pathlib import Path

import pytest

from stationd.runtime.care.doctor import storage
from stationd.runtime.care.doctor.finding import Finding
from stationd.runtime.settings import Settings, parse

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /run rw,nosuid shared:2 - tmpfs tmpfs rw
24 22 0:30 / /srv/with\\040space rw - nfs4 host:/x rw
"""


def settings(folder: Path) -> Settings:
    return parse({"station": {"state": str(folder / "state"), "runtime": str(folder)}}, "x")


def by_check(found: list[Finding]) -> dict[str, str]:
    return {one.check: one.state for one in found}


@pytest.mark.parametrize(
    ("free", "state"), [(100 * 2**30, "ok"), (2**29, "warn"), (2**20, "fail"), (0, "fail")]
)
def test_little_room_is_told_before_there_is_none(free: int, state: str) -> None:
    found = storage.room(free, 200 * 2**30, "/x")
    assert found.state == state
    assert bool(found.advice) == (state != "ok")


@pytest.mark.parametrize(("name", "state"), [("ext4", "ok"), ("tmpfs", "warn"), ("nfs4", "fail")])
def test_a_file_system_on_which_a_journal_does_not_last_is_told(name: str, state: str) -> None:
    assert storage.kind(name, "/x").state == state


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    for folder, name in {
        "/x": "ext4",
        "/run/stationd": "tmpfs",
        "/srv/with space/a": "nfs4",
    }.items():
        assert storage.file_system(Path(folder), MOUNTS) == name


def test_slow_flushes_are_told() -> None:
    assert storage.speed([0.001] * 7 + [0.5]).state == "ok"
    assert storage.speed([0.1] * 8).state == "warn"


def test_directories_that_are_not_there_yet_are_no_trouble(tmp_path: Path) -> None:
    found = by_check([*storage.directories(settings(tmp_path))])
    assert found == {"state": "ok", "runtime": "ok"}


def test_a_state_that_everybody_may_look_into_is_told(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    assert by_check([*storage.directories(settings(tmp_path))])["state"] == "ok"
    state.chmod(0o755)
    (found,) = (one for one in storage.directories(settings(tmp_path)) if one.check == "state")
    assert (found.state, found.advice[:9]) == ("warn", "chmod 700")


def test_the_disk_of_the_state_is_measured_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    found = [*storage.disk(settings(tmp_path))]
    assert {"disk", "file system", "flushes"} <= {one.check for one in found}
    assert list(tmp_path.iterdir()) == []
