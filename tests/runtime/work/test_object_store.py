"""Objects are created once, read in pieces, and removed; what is wrong is said in a line."""

from pathlib import Path

import pytest

from stationd.proto.error import StationError, StorageTrouble
from stationd.runtime.settings import SettingsError, parse
from stationd.runtime.work import object_store as module
from stationd.runtime.work.object_store import ObjectStore


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    url = f"file://{tmp_path}/a%20place" if request.param == "file" else "memory://"
    return ObjectStore(url, {}, "station")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def test_an_object_is_created_once(store: ObjectStore, file: Path) -> None:
    assert store.create("job/1-0", file)
    assert not store.create("job/1-0", file)
    another = file.with_name("another")
    another.write_bytes(b"another")
    with pytest.raises(StorageTrouble, match="10 bytes, not 7"):
        store.create("job/1-0", another)
    assert store.read("job/1-0", 0, 100) == b"0123456789"


def test_a_part_is_read(store: ObjectStore, file: Path) -> None:
    store.create("job/1-0", file)
    assert store.read("job/1-0", 3, 4) == b"3456"
    assert store.read("job/1-0", 8, 100) == b"89"
    assert store.size("job/1-0") == 10
    assert list(store.pieces("job/1-0", 10)) == [b"0123456789"]
    with pytest.raises(FileNotFoundError):
        store.size("job/2-0")
    with pytest.raises(FileNotFoundError):
        store.read("job/2-0", 0, 1)


def test_all_of_a_job_is_removed_and_nothing_of_others(store: ObjectStore, file: Path) -> None:
    for key in ("a/1-0", "a/1-1", "ab/1-0"):
        store.create(key, file)
    store.remove_all("a")
    store.remove_all("a")
    assert store.size("ab/1-0") == 10
    for key in ("a/1-0", "a/1-1"):
        with pytest.raises(FileNotFoundError):
            store.size(key)


def test_a_store_that_does_not_answer_is_named_in_a_line(file: Path) -> None:
    options = {
        "endpoint": "http://127.0.0.1:9", "access_key_id": "a", "secret_access_key": "b",
        "region": "us-east-1",
    }  # fmt: skip
    store = ObjectStore("s3://bucket/prefix", options, "station")
    asked = (
        lambda: store.create("a/1-0", file),
        lambda: store.read("a/1-0", 0, 1),
        lambda: store.size("a/1-0"),
        lambda: store.remove_all("a"),
    )
    for ask in asked:
        with pytest.raises(StorageTrouble, match=r"s3://bucket/prefix does not answer: ") as error:
            ask()
        assert "\n" not in str(error.value)
        assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [("ftp://a", {}, "recognise"), ("s3://a", {"nonsense": "1"}, "nonsense")],
)
def test_what_the_library_does_not_understand_is_refused_at_the_start(
    url: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(StationError, match=rf"\[artifacts\] store: .*{words}"):
        ObjectStore(url, options, "station")


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        return None

    monkeypatch.setattr(module, "find_spec", missing)
    with pytest.raises(StationError, match=r"pip install 'stationd\[store\]'"):
        ObjectStore("memory://", {}, "station")


def test_a_store_that_forgets_is_not_the_only_one() -> None:
    with pytest.raises(SettingsError, match="memory:// forgets"):
        parse({"artifacts": {"store": "memory://", "keep_local": False}}, "")
    with pytest.raises(SettingsError, match=r"artifacts\.store"):
        parse({"artifacts": {"store": "/srv/results"}}, "")
