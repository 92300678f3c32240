"""What a target uses by default is known at once, and whoever waits for another one hears of it."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from stationd.proto.calibration import CalibrationSet
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import CalibrationStored, CalibrationUsed
from stationd.runtime.work.calibrations import CalibrationDefaults, Chosen

pytestmark = pytest.mark.anyio

SET = CalibrationSet(id="c", target="qpu", observations=(), created_unix_s=1.0, expires_unix_s=5.0)


async def test_a_choice_of_an_earlier_daemon_is_known_with_its_expiry() -> None:
    async with MemoryJournal() as journal:
        journal.write([CalibrationStored(SET), CalibrationUsed("qpu", "c")], lambda _: None)
        await journal.flush()
        defaults = CalibrationDefaults()
        await defaults.load(journal, ["qpu", "other"])
    assert defaults.chosen("qpu") == Chosen("c", 5.0)
    assert defaults.default("qpu") == "c"
    assert (defaults.chosen("other"), defaults.default("other")) == (None, None)


async def test_all_who_wait_for_another_default_hear_of_it() -> None:
    defaults = CalibrationDefaults()
    heard = 0

    async def wait() -> None:
        nonlocal heard
        await defaults.changed()
        heard += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(wait)
        for _ in range(5):
            await checkpoint()
        assert heard == 0
        defaults.use(SET)
    assert heard == 3
