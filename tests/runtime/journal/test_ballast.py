"""The room that is given up when there is no other."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd.proto.error import StorageTrouble
from stationd.runtime.journal.ballast import BALLAST, Ballast

SIZE = 64 * 1024


@pytest.fixture
def no_growth() -> Iterator[None]:
    """Files of this process do not grow beyond 4 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_ballast_takes_up_room(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, SIZE)
    assert not ballast.there
    ballast.make()
    assert ballast.there
    found = (tmp_path / BALLAST).stat()
    assert found.st_size == SIZE
    assert found.st_blocks * 512 >= SIZE


def test_it_is_given_up_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, SIZE)
    ballast.make()
    assert ballast.drop()
    assert not (tmp_path / BALLAST).exists()
    assert not ballast.drop()


def test_a_part_of_it_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / BALLAST).write_bytes(bytes(100))
    ballast = Ballast(tmp_path, SIZE)
    assert not ballast.there
    ballast.make()
    assert ballast.there


def test_what_does_not_fit_leaves_nothing_behind(tmp_path: Path, no_growth: None) -> None:
    with pytest.raises(StorageTrouble, match="the station's disk is full: make room"):
        Ballast(tmp_path, SIZE).make()
    assert not (tmp_path / BALLAST).exists()


def test_more_room_than_the_ballast_takes_is_wanted(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    nearly_all = found.f_bavail * found.f_frsize // 10 * 9
    with pytest.raises(StorageTrouble, match="KiB free in"):
        Ballast(tmp_path, nearly_all).make()
    assert not (tmp_path / BALLAST).exists()


def test_a_directory_that_is_gone_is_trouble_too(tmp_path: Path) -> None:
    with pytest.raises(StorageTrouble, match="cannot be written to"):
        Ballast(tmp_path / "gone", SIZE).make()
