import os
import subprocess
import sys
from pathlib import Path

import pytest

from stationd.proto.error import AlreadyRunning, ErrorCode, HostError
from stationd.runtime.journal.lock import LOCK, take_lock


def test_the_lock_makes_the_directory_and_names_its_holder(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b"
    lock = take_lock(state)
    assert (state / LOCK).read_text() == str(os.getpid())
    os.close(lock)


def test_a_directory_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "station" / "state"
    os.close(take_lock(state))
    assert state.stat().st_mode & 0o777 == 0o700
    # The folder of the sockets may be the same.
    assert state.parent.stat().st_mode & 0o777 == 0o750


def test_a_directory_in_use_is_refused_at_once_and_the_holder_named(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}") as caught:
        take_lock(tmp_path, patience=3600)
    assert caught.value.code is ErrorCode.ALREADY_RUNNING
    os.close(lock)


def test_a_lock_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    os.close(take_lock(tmp_path))
    os.close(take_lock(tmp_path))


def test_the_writer_of_a_dead_daemon_is_waited_for(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    child = subprocess.Popen(["sleep", "60"], pass_fds=[lock])
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / LOCK).write_text(str(dead.pid))
    os.close(lock)
    with pytest.raises(AlreadyRunning):
        take_lock(tmp_path, patience=0.1)
    child.kill()
    child.wait()
    os.close(take_lock(tmp_path))


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match=r"file/state as the state directory"):
        take_lock(tmp_path / "file" / "state")
