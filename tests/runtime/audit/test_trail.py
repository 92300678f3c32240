"""Lines on their way to the disk, and answers that wait for them."""

import errno
import logging
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from stationd.proto.audit_requests import AuditLine, ReadAudit
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.jobs_protocol import Cancel, CancelAnswer, Failure, Reply, Submit, Submitted
from stationd.runtime.audit.answered import Asked
from stationd.runtime.audit.files import Files
from stationd.runtime.audit.room import FOLDER, open_trail
from stationd.runtime.audit.settings import Audit
from stationd.runtime.audit.trail import FileTrail, written_trail
from tests.runtime.bench import job_id, null_spec

pytestmark = pytest.mark.anyio

CANCEL = Cancel(1, job_id(1))
DONE = CancelAnswer(1, "accepted")
NO = Failure(1, ErrorInfo(ErrorCode.FORBIDDEN, "no"))


def asked(user: str = "ada") -> Asked:
    return Asked(user, "submitter", "unix:7", "", "", CANCEL)


async def noted(trail: FileTrail, reply: Reply = DONE, user: str = "ada") -> None:
    """Note an answer, and wait until it is on disk."""
    written = anyio.Event()
    trail.note(asked(user), reply, 5.0, 0, written.set)
    with anyio.fail_after(60):
        await written.wait()


async def on_disk(folder: Path) -> tuple[AuditLine, ...]:
    files = Files(folder, 10, 10**9)
    lines, _ = await to_thread.run_sync(lambda: files.newest(lambda _: True, 0.0, 10))
    return lines


async def test_a_line_is_on_disk_when_its_answer_may_be_sent(tmp_path: Path) -> None:
    async with written_trail(Files(tmp_path, 10, 10**9)) as trail:
        await noted(trail)
        assert [line.request for line in await on_disk(tmp_path)] == ["Cancel"]


async def test_lines_for_which_nobody_waits_are_written_at_the_end_at_the_latest(
    tmp_path: Path,
) -> None:
    async with written_trail(Files(tmp_path, 10, 10**9)) as trail:
        trail.note(asked(), DONE, 5.0, 0, None)
    assert len(await on_disk(tmp_path)) == 1


async def test_who_reads_finds_what_came_before(tmp_path: Path) -> None:
    async with written_trail(Files(tmp_path, 10, 10**9)) as trail:
        trail.note(asked("ada"), DONE, 5.0, 0, None)
        trail.note(asked("max"), NO, 6.0, 0, None)
        lines, more = await trail.read(ReadAudit(1, "max", None, "refused"))
        assert [(line.user, line.code) for line in lines] == [("max", "forbidden")]
        assert not more


async def test_answers_are_sent_after_somebody_has_read(tmp_path: Path) -> None:
    async with written_trail(Files(tmp_path, 10, 10**9)) as trail:
        await anyio.wait_all_tasks_blocked()  # its task waits for the first line
        await trail.read(ReadAudit(1))
        await noted(trail)
        assert len(await on_disk(tmp_path)) == 1


async def test_lines_are_written_once_whoever_reads_meanwhile(tmp_path: Path) -> None:
    async with (
        written_trail(Files(tmp_path, 10, 10**9)) as trail,
        anyio.create_task_group() as many,
    ):
        for _ in range(5):
            many.start_soon(noted, trail)
            many.start_soon(trail.read, ReadAudit(1))
    assert len(await on_disk(tmp_path)) == 5


class Disk(Files):
    """One that is full, until it is not."""

    full = True

    def add(self, lines: Sequence[AuditLine], *, durably: bool) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        super().add(lines, durably=durably)


async def test_a_full_disk_keeps_no_answer_back_and_gets_the_lines_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Disk(tmp_path, 10, 10**9)
    async with written_trail(disk) as trail:
        await noted(trail, user="ada")
        await noted(trail, user="max")
        disk.full = False
        await noted(trail, user="eva")
        lines, _ = await trail.read(ReadAudit(1))
        assert [line.user for line in lines] == ["ada", "max", "eva"]
    assert caplog.text.count("the audit log cannot be written (no space left on device)") == 1


async def test_the_log_hears_of_changes_and_refusals_but_not_of_every_submit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "stationd.audit")
    submit = Asked("ada", "submitter", "", "", "", Submit(1, job_id(2), null_spec()))
    async with written_trail(Files(tmp_path, 10, 10**9)) as trail:
        trail.note(submit, Submitted(1, job_id(2), 1, created=True), 5.0, 0, None)
        await noted(trail)
        await noted(trail, NO)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]


async def test_it_is_kept_below_the_state_directory_unless_it_is_turned_off(
    tmp_path: Path,
) -> None:
    async with open_trail(tmp_path, Audit(days=0)) as trail:
        assert trail is None
    async with open_trail(tmp_path, Audit()) as trail:
        assert trail is not None
        trail.note(asked(), DONE, 5.0, 0, None)
    assert len(await on_disk(tmp_path / FOLDER)) == 1
