"""A station starts with what an older one has left, and says why it cannot with anything else."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import stationd
from stationd import jobs
from stationd.proto.error import ErrorCode
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.journal.formats import NEWEST
from stationd.runtime.journal.opening import DATABASE
from tests.end_to_end.station import (
    NULL,
    PATIENCE,
    Station,
    on_asyncio,
    on_asyncio_daily,
    on_trio,
)
from tests.runtime.journal.formats import make_journal, next_format

pytestmark = pytest.mark.slow

NewStation = Callable[..., Station]

OVER = {"ready": S.READY, "aborted": S.ABORTED, "failed": S.FAILED}
"""Jobs of the older station that are over, by name."""
QUEUED = {f"queued {number}" for number in range(6)}

_NEWER = """
from pathlib import Path
from stationd.runtime.journal import formats
formats.NEWEST = formats.Format({version}, Path({migrations!r}), {tables!r})
"""


def journal_of(station: Station) -> Path:
    """Give a station the journal of an older one, and return where it is."""
    state = station.folder / "state"
    state.mkdir()
    make_journal(state / DATABASE)
    # Its controllers' ledgers did not come along, and a controller with another ledger would have
    # lost what its line may have held.
    with closing(sqlite3.connect(state / DATABASE)) as database, database:
        database.execute("DELETE FROM controllers")
    return state / DATABASE


def version(path: Path) -> object:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT schema_version FROM meta").fetchone()[0]


def check_taken_up(station: Station) -> None:
    """Fail unless the older station's jobs end as they should, and new ones run."""
    station.wait_connected("nothing")
    with closing(sqlite3.connect(station.folder / "state" / DATABASE)) as database:
        ids = dict(
            database.execute("SELECT word, jobs.id FROM jobs JOIN terms ON terms.id = jobs.name")
        )
    assert {name: jobs.view(ids[name]).status for name in OVER} == OVER
    for name in sorted(QUEUED):
        for _ in jobs.listen_job_status(ids[name]):
            pass
    assert {jobs.view(ids[name]).status for name in QUEUED} == {S.READY}
    lost = jobs.view(ids["running"])
    assert lost.status is S.FAILED
    assert lost.error is not None
    assert lost.error.code is ErrorCode.INSTRUMENT_LOST
    new = jobs.submit(programs=NullProgram(), n_shots=1, target="null")
    assert jobs.wait_for(new, timeout=PATIENCE).status is S.READY


@on_asyncio_daily
def test_the_jobs_of_a_station_of_the_first_release_go_on(new_station: NewStation) -> None:
    station = new_station()
    path = journal_of(station)
    station.start()
    check_taken_up(station)
    assert station.stop() == 0
    assert version(path) == NEWEST.version


class NewerStation(Station):
    """A station of a later release, whose journal has one more format."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PYTHONPATH": str(self.folder / "later")}

    def prepare(self) -> int:
        """Make the later release; return the version of its format."""
        newer = next_format(self.folder / "migrations")
        (self.folder / "later").mkdir()
        version, migrations, tables = newer
        text = _NEWER.format(version=version, migrations=str(migrations), tables=tables)
        (self.folder / "later" / "sitecustomize.py").write_text(text)
        return version


@pytest.fixture
def newer_station(backend: str) -> Iterator[NewerStation]:
    station = NewerStation(backend, NULL)
    stationd.connect(station.endpoint)
    try:
        yield station
        jobs.close()
        station.check()
    finally:
        station.close()


@on_trio
def test_a_later_release_brings_the_journal_along_and_its_jobs_go_on(
    newer_station: NewerStation,
) -> None:
    station = newer_station
    newer = station.prepare()
    path = journal_of(station)
    station.start()
    assert f"bringing the journal from format {NEWEST.version} to {newer}" in station.log
    check_taken_up(station)
    assert station.stop() == 0
    assert version(path) == newer


@pytest.mark.campaign
@on_asyncio
def test_a_journal_is_brought_along_by_hand_too(newer_station: NewerStation) -> None:
    station = newer_station
    newer = station.prepare()
    path = journal_of(station)
    done = station.run("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"was brought from format {NEWEST.version} to {newer}" in done.stdout
    assert "has the newest format already" in station.run("migrate").stdout
    assert version(path) == newer
    station.start()
    assert station.run("migrate").returncode == 3
    assert station.stop() == 0


# --- what is refused ---------------------------------------------------------------------------


def check_refused(station: Station, *words: str) -> None:
    """Fail unless the daemon does not start, and says so in one clear line."""
    done = station.run("serve")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert all(word in last for word in words), last


@on_trio
def test_a_newer_journal_is_refused_with_both_versions(new_station: NewStation) -> None:
    station = new_station()
    path = journal_of(station)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE meta SET schema_version = 12")
    check_refused(station, str(path), "format 12", f"knows only {NEWEST.version}")
    assert station.run("migrate").returncode == 1


@pytest.mark.campaign
@on_asyncio
def test_a_locked_journal_is_refused(new_station: NewStation) -> None:
    station = new_station()
    path = journal_of(station)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        check_refused(station, "another program has locked the journal: close it", str(path))


@on_trio
def test_a_journal_that_is_none_is_refused(new_station: NewStation) -> None:
    station = new_station()
    path = journal_of(station)
    path.write_bytes(b"Dear diary" * 1000)
    check_refused(station, "cannot open the journal", str(path), "not a database")


@on_asyncio
def test_a_torn_journal_is_refused(new_station: NewStation) -> None:
    station = new_station()
    path = journal_of(station)
    path.write_bytes(path.read_bytes()[:-2048])
    path.with_name(path.name + "-wal").write_bytes(bytes(32))
    check_refused(station, str(path), "is damaged", "put a backup in its place")
