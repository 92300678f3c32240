"""Results go to a server of the S3 protocol and come back from it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from stationd.proto.error import StorageTrouble
from stationd.runtime.work.object_store import ObjectStore

SERVER = os.environ.get("S3_PYTHON") or sys.executable
"""The Python that has a server; `make system` makes it an environment of its own."""
pytestmark = pytest.mark.skipif(
    sys.executable == SERVER and (find_spec("moto") is None or find_spec("flask") is None),
    reason="it wants a server of the S3 protocol, which `make system` brings along",
)
PATIENCE = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [SERVER, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _make_bucket(f"{url}/results")
        yield url
    finally:
        process.kill()
        process.wait()


def _make_bucket(url: str) -> None:
    """Ask until the server is there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="PUT")):
                return
        except OSError:
            assert time.monotonic() < end, "the server has not started"
            time.sleep(0.1)


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    # From the environment, as the page says.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    options = {"endpoint": server, "region": "us-east-1"}
    return ObjectStore("s3://results/lab", options, "station")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(9_000_000))
    return path


def test_an_object_is_created_once_read_in_pieces_and_removed(
    store: ObjectStore, file: Path
) -> None:
    data = file.read_bytes()
    assert store.create("job/1-0", file)
    assert not store.create("job/1-0", file)
    another = file.with_name("another")
    another.write_bytes(b"another")
    with pytest.raises(StorageTrouble, match="9,000,000 bytes, not 7"):
        store.create("job/1-0", another)
    assert b"".join(store.pieces("job/1-0", len(data))) == data
    assert store.read("job/1-0", 5, 10) == data[5:15]
    assert store.create("jobs/1-0", another)
    store.remove_all("job")
    with pytest.raises(FileNotFoundError):
        store.read("job/1-0", 0, 1)
    assert store.read("jobs/1-0", 0, 7) == b"another"


def test_a_bucket_that_is_not_there_is_told(server: str, file: Path, store: ObjectStore) -> None:
    options = {"endpoint": server, "region": "us-east-1"}
    nowhere = ObjectStore("s3://nowhere", options, "station")
    with pytest.raises(StorageTrouble, match="s3://nowhere does not answer"):
        nowhere.create("job/1-0", file)
