"""Only ids become paths, and a file is whole or not there."""

import hashlib
import os
from pathlib import Path

import pytest

from stationd.actors.stages.artifact import Draft, artifact_path, seal
from stationd.proto.error import UnknownArtifact
from stationd.proto.result import NullResult

JOB = "00000000-0000-4000-8000-000000000001"


def test_an_id_becomes_a_path_below_the_store() -> None:
    assert artifact_path("/store", f"{JOB}/2/7") == Path("/store") / JOB / "2-7"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "../x/1/1",
        f"{JOB}/1/../1",
        f"{JOB}/1",
        f"{JOB}/1/1\n",
        f"/{JOB}/1/1",
        f"{JOB.upper().replace('0', 'A')}/1/1",
        f"{JOB}/-1/1",
        f"{JOB}/1/\N{ARABIC-INDIC DIGIT ONE}",
        f"{JOB}/1/1\x00",
    ],
)
def test_nothing_else_becomes_a_path(wrong: str) -> None:
    with pytest.raises(UnknownArtifact, match="no result has the id"):
        artifact_path("/store", wrong)


def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / JOB).mkdir()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        seal(tmp_path, f"{JOB}/1/0", NullResult(duration=0.0), 0)
    assert list((tmp_path / JOB).iterdir()) == []


def test_a_small_result_touches_no_disk() -> None:
    reference, data = seal("/nowhere", f"{JOB}/1/0", NullResult(duration=0.0), 1000)
    assert data is not None
    assert reference.size_bytes == len(data)


@pytest.mark.parametrize("inline_bytes", [0, 100])
def test_a_draft_is_written_in_any_order(tmp_path: Path, inline_bytes: int) -> None:
    artifact = f"{JOB}/1/0"
    with Draft(tmp_path, artifact, 10, inline_bytes) as draft:
        draft.write(6, b"ghij")
        draft.write(0, bytearray(b"abcd"))
        reference, data = draft.seal()
    content = artifact_path(tmp_path, artifact).read_bytes() if data is None else data
    assert content == b"abcd\x00\x00ghij"
    assert (data is None) is (inline_bytes == 0)
    assert reference.size_bytes == 10
    assert reference.sha256 == hashlib.sha256(content).hexdigest()


def test_a_draft_that_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with Draft(tmp_path, f"{JOB}/1/0", 10, 0) as draft:
        draft.write(0, b"abc")
    assert list((tmp_path / JOB).iterdir()) == []
