"""Lines in files."""

from pathlib import Path

import pytest

from stationd.proto.audit_requests import AuditLine
from stationd.runtime.audit import files as files_module
from stationd.runtime.audit.files import Files

DAY = 86_400.0


def line(time_unix_s: float, user: str = "ada") -> AuditLine:
    return AuditLine(time_unix_s=time_unix_s, user=user, request="Cancel", outcome="done")


def times(
    files: Files, since: float = 0.0, limit: int = 100, user: str | None = None
) -> list[float]:
    lines, _ = files.newest(lambda one: user in {None, one.user}, since, limit)
    return [one.time_unix_s for one in lines]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_are_found_in_the_order_of_time_by_user_and_time(tmp_path: Path) -> None:
    files = Files(tmp_path / "audit", 10, 10**9)
    files.add([line(10.0), line(11.0, "max")], durably=True)
    files.add([line(DAY + 1), line(DAY + 2)], durably=False)
    assert times(files) == [10.0, 11.0, DAY + 1, DAY + 2]
    assert times(files, limit=2) == [DAY + 1, DAY + 2]
    assert times(files, since=11.0) == [11.0, DAY + 1, DAY + 2]
    assert times(files, user="max") == [11.0]
    assert files.newest(lambda _: True, 0.0, 4)[1] is False
    assert files.newest(lambda _: True, 0.0, 3)[1] is True


def test_only_the_daemons_user_may_read_them(tmp_path: Path) -> None:
    Files(tmp_path / "audit", 10, 10**9).add([line(1.0)], durably=True)
    (file,) = (tmp_path / "audit").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700


def test_half_a_line_that_a_crash_has_left_spoils_no_other(tmp_path: Path) -> None:
    Files(tmp_path, 10, 10**9).add([line(1.0)], durably=True)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"time_unix_s": 2.0, "us')
    again = Files(tmp_path, 10, 10**9)
    again.add([line(3.0)], durably=True)
    assert times(again) == [1.0, 3.0]


def test_what_is_too_old_is_removed_when_a_new_day_begins(tmp_path: Path) -> None:
    files = Files(tmp_path, 2, 10**9)
    for day in range(5):
        files.add([line(day * DAY)], durably=False)
    assert [name[:10] for name in names(tmp_path)] == ["1970-01-03", "1970-01-04", "1970-01-05"]


def test_the_oldest_files_go_when_all_are_too_large_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MOST_FILE_BYTES", 100)
    files = Files(tmp_path, 10, 500)
    for second in range(40):
        files.add([line(float(second))], durably=False)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 500 + 200
    left = times(files)
    assert left[-1] == 39.0
    assert left == [float(second) for second in range(40 - len(left), 40)]


def test_a_folder_without_files_has_no_lines(tmp_path: Path) -> None:
    assert times(Files(tmp_path / "audit", 10, 10**9)) == []
