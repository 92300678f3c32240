"""What the loop puts down for whoever scrapes."""

import msgspec
import pytest

from stationd.proto.calibration import CalibrationSet
from stationd.runtime.journal.records import CalibrationStored, CalibrationUsed, Record
from stationd.runtime.queue.gates import Gate
from stationd.runtime.vital_signs import VitalSigns
from tests.runtime.bench import NOW, Bench, a_bench, null_spec

pytestmark = pytest.mark.anyio


def took(bench: Bench, signs: VitalSigns) -> dict[str, float]:
    signs.take()
    names = {
        "oldest": "stationd_queue_oldest_wait_seconds",
        "waiting": 'stationd_queue_waiting_jobs{controller="a"}',
        "paused": 'stationd_controller_paused{controller="a"}',
        "heard": 'stationd_controller_heard_timestamp_seconds{controller="a"}',
        "committed": "stationd_journal_commit_timestamp_seconds",
    }
    return {key: bench.count(name) for key, name in names.items()}


async def test_jobs_that_may_go_are_told_from_those_that_may_not() -> None:
    async with a_bench() as bench:
        signs = VitalSigns(bench.station)
        bench.lines.names.remove("a")
        bench.queued(1, msgspec.structs.replace(null_spec(), hold=True))
        assert took(bench, signs)["waiting"] == 0
        assert bench.station.metrics.vitals.oldest_unix_s is None
        bench.clock.now += 50
        bench.queued(2)
        bench.clock.now += 50
        bench.queued(3)
        assert took(bench, signs)["waiting"] == 2
        assert bench.station.metrics.vitals.oldest_unix_s == NOW + 50
        bench.instruments.queue.set_gate("a", Gate("draining"), bench.clock.now)
        assert took(bench, signs)["paused"] == 1
        assert took(bench, signs)["waiting"] == 2
        bench.instruments.queue.set_gate("a", Gate("paused"), bench.clock.now)
        assert took(bench, signs)["waiting"] == 0
        assert took(bench, signs)["oldest"] == 0


async def test_the_last_word_of_a_controller_and_the_last_commit_have_a_time() -> None:
    async with a_bench() as bench:
        signs = VitalSigns(bench.station)
        assert took(bench, signs)["heard"] == 0
        bench.commit()
        bench.bus.peers["a"].identity = b"a"
        bench.bus.peers["a"].heard = bench.clock.now
        signs.take()
        bench.clock.now += 5
        bench.bus.peers["a"].identity = None
        found = took(bench, signs)
        assert found["heard"] == NOW
        assert found["committed"] == NOW
        bench.queued(1)
        assert took(bench, signs)["committed"] == NOW + 5


async def test_the_age_of_a_target_s_calibration_follows_its_default_set() -> None:
    async with a_bench() as bench:
        signs = VitalSigns(bench.station)
        target = next(iter(bench.station.settings.targets))
        for number, made in ((1, 500.0), (2, 900.0)):
            name = f"00000000-0000-0000-0000-{number:012d}"
            made_set = CalibrationSet(
                id=name,
                target=target,
                created_unix_s=made,
                observations=(),
                expires_unix_s=made + 50,
            )
            records: list[Record] = [CalibrationStored(made_set), CalibrationUsed(target, name)]
            bench.journal.write(records, lambda _commit: None)
            bench.commit()
            await signs.ask()
            signs.take()
            told = f'stationd_calibration_timestamp_seconds{{target="{target}"}}'
            assert bench.count(told) == made
            expires = told.replace("calibration_", "calibration_expires_")
            assert bench.count(expires) == made + 50
