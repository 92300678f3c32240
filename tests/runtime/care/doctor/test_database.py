"""A journal is looked through without being touched."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stationd.runtime.care.backup import Source
from stationd.runtime.care.doctor import database
from stationd.runtime.care.doctor.finding import Finding
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.storage import Storage
from stationd.runtime.settings import Settings, parse


def settings(state: Path) -> Settings:
    return parse({"station": {"state": str(state)}}, "x")


def states(found: list[Finding]) -> dict[str, str]:
    return {one.check: one.state for one in found}


def test_a_journal_that_is_whole_is_told_so_also_while_it_is_written_to(source: Source) -> None:
    assert states([*database.journal(settings(source.state))]) == {"format": "ok", "journal": "ok"}
    with Storage(source.journal):
        assert states([*database.journal(settings(source.state))])["journal"] == "ok"


def test_a_damaged_journal_is_told_with_the_way_back(made: Callable[[], Source]) -> None:
    source = made()
    data = bytearray(source.journal.read_bytes())
    data[4096 * 3 : 4096 * 9] = b"\xff" * 4096 * 6
    source.journal.write_bytes(data)
    found = [one for one in database.journal(settings(source.state)) if one.check == "journal"]
    assert [one.state for one in found] == ["fail"]
    assert "stationd restore BACKUP" in found[0].advice


@pytest.mark.parametrize("content", [b"no database" * 1000, b""])
def test_what_is_no_journal_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    found = states([*database.journal(settings(tmp_path))])
    assert found["journal"] == ("fail" if content else "ok")


def test_no_journal_is_no_trouble(tmp_path: Path) -> None:
    assert states([*database.journal(settings(tmp_path))]) == {"journal": "ok"}


@pytest.mark.parametrize(
    ("version", "state"), [((3, 40, 1), "warn"), ((3, 51, 2), "warn"), ((3, 51, 3), "ok")]
)
def test_an_sqlite_that_can_damage_a_wal_is_told_with_the_reason(
    version: tuple[int, ...], state: str
) -> None:
    assert database.judge(version).state == state


def test_a_journal_that_no_release_made_is_told(made: Callable[[], Source]) -> None:
    source = made()
    with closing(sqlite3.connect(source.journal)) as journal:
        journal.execute("DROP TABLE versions")
    (finding,) = database.journal(settings(source.state))
    assert finding.state == "fail"
    assert "it has no 'versions'" in finding.text
