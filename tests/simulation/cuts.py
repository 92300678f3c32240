"""Real SQLite files, cut where a machine may go down: while they are written, and after each sync.

Rule 1. SQLite writes a commit to the end of the WAL, or over the beginning of one that has been
        copied; then it syncs. A cut before that leaves any part of what was written.
Rule 2. Only then it copies pages into the database. A cut meanwhile leaves some pages old and
        some new, and the WAL is whole.
Rule 3. Whatever the cut: all that was committed is there, and a commit is there whole or not.
"""

import shutil
import sqlite3
from pathlib import Path
from random import Random

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import Record
from stationd.runtime.journal.storage import Storage
from tests.simulation import loops
from tests.simulation.parts import BASE
from tests.simulation.run import Simulation, bugs_reported
from tests.simulation.trace import Trace

_PAGE = 4096
_MOST_COMMITS = 40
"""Of one run; enough for several checkpoints."""

Files = tuple[bytes, bytes]
"""The database and its WAL."""
Numbers = tuple[int, int, int]


def cut_at_every_sync(seed: int, directory: Path) -> tuple[int, list[str]]:
    """Store what a simulated run stored in a real journal, and cut it at every sync.

    Args:
        seed: Of the run, and of the cuts.
        directory: An empty one.

    Returns:
        How many cuts were made, and what was wrong.
    """
    chance = Random(seed)
    path, wrong, cuts = directory / DATABASE, list[str](), 0
    with Storage(path) as storage:
        # Soon, so that checkpoints are cut as well.
        vars(storage)["_database"].execute("PRAGMA wal_autocheckpoint = 40")
        for number, writes in enumerate(recorded(seed)):
            before, old = _files(path), _numbers(storage)
            storage.commit(writes)
            after, new = _files(path), _numbers(storage)
            for files, allowed in _cuts(chance, before, after, old, new):
                cuts += 1
                found = _opened(files, directory / "cut")
                if found not in allowed:
                    wrong.append(f"commit {number}: found {found} and not one of {allowed}")
    return cuts, wrong


def recorded(seed: int) -> list[list[list[Record]]]:
    """Return the commits of a simulated run."""
    trace = Trace(seed)
    simulation = Simulation(trace, BASE)
    with bugs_reported(trace):
        loops.run(simulation.run, "trio", seed)
    return [commit for commit in simulation.disk.read() if commit][:_MOST_COMMITS]


def _cuts(
    chance: Random, before: Files, after: Files, old: Numbers, new: Numbers
) -> list[tuple[Files, set[Numbers]]]:
    (database, wal), (newer_database, newer_wal) = before, after
    changed = [
        at for at, (one, other) in enumerate(zip(wal, newer_wal, strict=False)) if one != other
    ]
    first = changed[0] if changed else min(len(wal), len(newer_wal))
    places = [first, *(chance.randint(first, len(newer_wal)) for _ in range(3))]
    made: list[tuple[Files, set[Numbers]]] = [
        ((database, newer_wal[:place] + wal[place:]), {old, new}) for place in places
    ]
    garbage = newer_wal[: places[1]] + chance.randbytes(len(newer_wal) - places[1])
    made.append(((database, garbage), {old, new}))
    made.append(((database, newer_wal), {new}))
    if newer_database != database:
        made.append(((_mixed(chance, database, newer_database), newer_wal), {new}))
    made.append(((newer_database, newer_wal), {new}))
    return made


def _mixed(chance: Random, old: bytes, new: bytes) -> bytes:
    """Return a database of which some pages have been copied."""
    pages = range(0, max(len(old), len(new)), _PAGE)
    return b"".join(
        (chance.choice((old, new)) if at < len(old) else new)[at : at + _PAGE] for at in pages
    )


def _files(path: Path) -> Files:
    wal = path.with_name(path.name + "-wal")
    return path.read_bytes(), wal.read_bytes() if wal.exists() else b""


def _numbers(storage: Storage) -> Numbers:
    return _asked(vars(storage)["_database"])


def _asked(database: sqlite3.Connection) -> Numbers:
    query = "SELECT (SELECT count(*) FROM facts), seq, number FROM meta"
    facts, seq, number = database.execute(query).fetchone()
    return facts, seq, number


def _opened(files: Files, directory: Path) -> Numbers | str:
    """Return what a station finds that starts with these files."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    path = directory / DATABASE
    path.write_bytes(files[0])
    path.with_name(path.name + "-wal").write_bytes(files[1])
    try:
        with Storage(path) as storage:
            database: sqlite3.Connection = vars(storage)["_database"]
            (verdict,) = database.execute("PRAGMA quick_check").fetchone()
            return _numbers(storage) if verdict == "ok" else str(verdict)
    except (JournalFailed, sqlite3.Error) as error:
        return repr(error)
