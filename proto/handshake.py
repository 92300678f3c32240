"""What ZeroMQ tells of handshakes, in words: who refuses whom, and what to look at.

ZeroMQ is silent towards those who wait: it tries again and again, or gives up for ever.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal

import zmq

if TYPE_CHECKING:
    from collections.abc import Sequence

SUCCEEDED: Final = int(zmq.EVENT_HANDSHAKE_SUCCEEDED)
REFUSED: Final = int(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
"""The station has answered: this key is not let in."""
_NO_CURVE: Final = int(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
_BROKEN_OFF: Final = int(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
FAILED: Final = REFUSED | _NO_CURVE | _BROKEN_OFF
"""All that can come of a handshake that does not succeed."""
FINAL: Final = REFUSED | _NO_CURVE
"""After these ZeroMQ does not try again by itself."""

_EVENT: Final = struct.Struct("<HI")
_REASONS: Final = {
    REFUSED: (
        "the station at {endpoint} refuses the key: it is not (or not any more) that of a {who};"
        " ask whoever runs it to put the public key into {where} keys of its configuration"
    ),
    _NO_CURVE: (
        "something listens there, but not as a station does that is open to a network: look at the"
        " host and the port"
    ),
    _BROKEN_OFF: (
        "somebody is there and breaks off: the station has another key than the one that you expect"
        " (station_key), or something else listens there"
    ),
}


def event_in(frames: Sequence[bytes]) -> int:
    """Return the event that a monitor's message tells of."""
    event, _ = _EVENT.unpack(frames[0])
    return int(event)


def reason(event: int, endpoint: str, who: Literal["user", "controller"]) -> str:
    """Return why a handshake came to nothing; empty if it has not."""
    text = _REASONS.get(event, "")
    return text.format(endpoint=endpoint, who=who, where=f"[{who}s.NAME]")
