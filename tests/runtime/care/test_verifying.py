"""Every stored result is compared with its checksum; what is damaged is told."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.job import ArtifactRef
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.care import verifying
from stationd.runtime.care.backup import Source
from stationd.runtime.care.identity import station_id
from stationd.runtime.care.manifest import BackupError
from stationd.runtime.care.verifying import Looked, verify
from stationd.runtime.cli import main
from stationd.runtime.journal.records import ItemEnded, JobDeleted
from stationd.runtime.work.object_store import ObjectStore
from tests.runtime.care.stations import OVER, RESULT, fact, job_id, store, stored

ARTIFACT = f"{job_id(OVER)}/1/0"
SMALL = b"few counts"


def looked(source: Source) -> list[Looked]:
    return list(verify(source.journal, source.state / "artifacts"))


def told(source: Source) -> list[str]:
    return [one.damaged.text for one in looked(source) if one.damaged is not None]


def file_of(source: Source) -> Path:
    return artifact_path(source.state / "artifacts", ARTIFACT)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)


def test_a_whole_result_is_nothing_to_tell(source: Source) -> None:
    assert looked(source) == [Looked(len(RESULT))]


def test_a_flipped_bit_is_told(made: Callable[[], Source]) -> None:
    source = made()
    flip(file_of(source))
    (text,) = told(source)
    assert text.startswith("its SHA-256 is ")


def test_a_short_file_and_one_that_is_gone_are_told(made: Callable[[], Source]) -> None:
    source = made()
    file_of(source).write_bytes(RESULT[:-1])
    assert told(source) == ["599,999 bytes of 600,000 are there"]
    file_of(source).unlink()
    assert told(source) == ["its file is gone"]


def test_small_results_in_the_journal_are_looked_at_too_page_by_page(
    made: Callable[[], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "_PAGE", 2)
    source = made()
    ref = ArtifactRef(id="", size_bytes=len(SMALL), sha256="ab" * 32)
    records = [
        ItemEnded(
            50, item, 1, None, msgspec.structs.replace(ref, id=f"{job_id(50)}/1/{item}"), SMALL
        )
        for item in range(4)
    ]
    store(source.state, [stored(50), *records])
    assert [text.partition(" is ")[0] for text in told(source)] == ["its SHA-256"] * 4


def test_a_result_that_goes_with_its_job_meanwhile_is_not_damaged(
    made: Callable[[], Source],
) -> None:
    source = made()
    looking = verify(source.journal, source.state / "artifacts")
    records = [
        ItemEnded(
            51, 0, 1, None, ArtifactRef(id=f"{job_id(51)}/1/0", size_bytes=9, sha256="ab" * 32)
        )
    ]
    store(source.state, [stored(51), *records, fact(51, 2, S.READY)])
    assert next(looking).damaged is None
    # It was on the page that has been read already.
    store(source.state, [JobDeleted(51)])
    assert [one.damaged for one in looking] == [None]


def test_the_command_says_what_is_damaged_and_fails(made: Callable[[], Source]) -> None:
    source = made()
    config = source.state.parent / "stationd.toml"
    config.write_text(f'[station]\nstate = "{source.state}"\n')
    done = CliRunner().invoke(main, ["verify", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (0, "1 results, 600,000 bytes, 0 damaged\n")
    flip(file_of(source))
    done = CliRunner().invoke(main, ["verify", "--config", str(config)])
    assert done.exit_code == 1
    assert f"damaged  {ARTIFACT}: its SHA-256 is" in done.stdout
    assert f"run job {job_id(OVER)} again" in done.stdout
    done = CliRunner().invoke(main, ["verify", "--config", str(config), "--json"])
    assert msgspec.json.decode(done.stdout)["damaged"][0]["artifact"] == ARTIFACT


def test_where_there_is_no_journal_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is no journal"):
        list(verify(tmp_path / "journal.sqlite", tmp_path))


def test_a_result_in_another_store_is_read_there(made: Callable[[], Source]) -> None:
    source = made()
    there = ObjectStore(f"file://{source.state.parent}/there", {}, station_id(source.journal))
    file = file_of(source)
    there.create(f"{file.parent.name}/{file.name}", file)
    file.unlink()
    artifacts = source.state / "artifacts"
    assert list(verify(source.journal, artifacts, there.pieces)) == [Looked(len(RESULT))]
    config = source.state.parent / "stationd.toml"
    config.write_text(f'[station]\nstate = "{source.state}"\n[artifacts]\nstore = "{there.url}"\n')
    done = CliRunner().invoke(main, ["verify", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (0, "1 results, 600,000 bytes, 0 damaged\n")
    there.remove_all(file.parent.name)
    (found,) = verify(source.journal, artifacts, there.pieces)
    assert found.damaged is not None
    assert found.damaged.text == "its file is gone"
