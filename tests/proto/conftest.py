"""The golden bytes of both protocols."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

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
        "reads": msgspec.msgpack.decode(frame[HEADER_BYTES:]),
    }
    assert label in known, f"no golden bytes yet: add {json.dumps(label)}: {json.dumps(entry)}"
    assert known[label].frame == entry["frame"]
    assert known[label].reads == entry["reads"]
