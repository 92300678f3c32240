import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal import child as child_module
from stationd.runtime.journal.child import child

pytestmark = pytest.mark.anyio

BOUND = 60.0


async def test_a_process_ends_with_its_block(tmp_path: Path) -> None:
    with anyio.fail_after(BOUND):
        async with child("reader", tmp_path) as reader:
            os.kill(reader.pid, 0)
        with pytest.raises(ProcessLookupError):
            os.kill(reader.pid, 0)


async def test_a_process_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "PATIENCE", 0.05)
    with anyio.fail_after(BOUND):
        async with child("reader", tmp_path) as reader:
            os.kill(reader.pid, signal.SIGSTOP)
        with pytest.raises(ProcessLookupError):
            os.kill(reader.pid, 0)


async def test_a_process_that_cannot_be_started_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(JournalFailed, match="cannot start the journal's reader"):
        async with child("reader", tmp_path):
            pass
