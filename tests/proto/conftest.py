"""The golden bytes of both protocols and what the README says of them; where sockets meet."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import inspect

from stationd import proto

HEADER_BYTES = 5


class Golden(msgspec.Struct, frozen=True):
    """One message as it stands on the wire."""

    frame: str
    """In hexadecimal, a space after the header."""
    reads: list[object]
    """What the frame says, for people."""


GoldenCheck = Callable[[str, str, bytes], None]


@pytest.fixture(scope="session")
def check_golden() -> GoldenCheck:
    """Compare a frame with the golden one of its label.

    Golden bytes are the protocol: a frame that differs is a new version. A new message is added
    by hand to ``golden/PROTOCOL.json``; the failing test says with what.
    """
    return _check


def _check(protocol: str, label: str, frame: bytes) -> None:
    file = Path(__file__).parent / "golden" / f"{protocol}.json"
    known = msgspec.json.decode(file.read_bytes(), type=dict[str, Golden])
    entry = {
        "frame": f"{frame[:HEADER_BYTES].hex()} {frame[HEADER_BYTES:].hex()}",
        # By way of JSON, in which bytes are base64.
        "reads": msgspec.json.decode(
            msgspec.json.encode(msgspec.msgpack.decode(frame[HEADER_BYTES:]))
        ),
    }
    assert label in known, f"no golden bytes yet: add {json.dumps(label)}: {json.dumps(entry)}"
    assert known[label].frame == entry["frame"]
    assert known[label].reads == entry["reads"]


README_HEAD = "| tag | message | fields | |\n|--:|---|---|---|\n"


@pytest.fixture(scope="session")
def check_readme() -> Callable[[object], None]:
    """Look for the table of a union's messages in the README of `proto`."""
    return _check_readme


def _check_readme(union: object) -> None:
    readme = (Path(proto.__file__).parent / "README.md").read_text(encoding="utf-8")
    table = README_HEAD + "\n".join(map(_row, get_args(union))) + "\n\n"
    assert table in readme, f"proto/README.md lacks this table:\n{table}"


def _row(message: type) -> str:
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    # The request number stands in every message of the jobs protocol, and is told of once.
    told = [field for field in info.fields if field.name != "request"]
    fields = ", ".join(field.name if field.required else f"[{field.name}]" for field in told)
    summary = " ".join((message.__doc__ or "").partition("\n\n")[0].split())
    return f"| {info.tag} | {message.__name__} | {fields} | {summary} |"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=["ipc", "tcp"])
def address(request: pytest.FixtureRequest, folder: Path) -> str:
    """An endpoint to bind."""
    return f"ipc://{folder}/a.sock" if request.param == "ipc" else "tcp://127.0.0.1:0"
