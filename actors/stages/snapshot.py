"""How an instrument stood when its part of a job began: from the driver into the result.

Rule 1. A snapshot travels as a block of raw data like any other: in the spool before it is sent,
        stored with the rest, and told apart by a name that no readout can have.
Rule 2. What a controller sends is not trusted: what is no snapshot is left out of the result, and
        the result is built without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from stationd.proto.program import SettingValue

if TYPE_CHECKING:
    from stationd.actors.stages.raw_data import BlockHead, RawBlock, RawData

SNAPSHOT: Final = "@settings"
"""The name of its block: one row of bytes, JSON, at the first spot that it holds for."""
SETTINGS: Final = "settings"
"""The key of a result's metadata that has the snapshots of all controllers, as JSON: an object
of objects, by the controllers' names and then by the settings' own."""
MOST_BYTES: Final = 1024 * 1024
"""Of one snapshot, as JSON."""

Standing = Mapping[str, SettingValue | None]
"""Values by the settings' own names; None for one that is not known."""

_DECODER: Final = msgspec.json.Decoder(dict[str, SettingValue | None])


def encoded(standing: Standing) -> memoryview:
    """Return a snapshot as the rows of a block: an array of bytes, of one row.

    Raises:
        ValueError: It is too large.
        TypeError: It holds what is no setting's value.
    """
    data = msgspec.json.encode(dict(standing))
    if len(data) > MOST_BYTES:
        raise ValueError(f"the snapshot takes {len(data):,} bytes, at most {MOST_BYTES:,} are kept")
    return memoryview(data).cast("B", (1, len(data)))


def is_snapshot(head: BlockHead | RawBlock) -> bool:
    """Whether a block is a snapshot and no data."""
    return head.header.name == SNAPSHOT


def metadata_of(data: RawData, heads: Iterable[BlockHead]) -> dict[str, str]:
    """Return what snapshots add to a result's metadata.

    Args:
        data: Where they are.
        heads: Theirs, in order. Of several of one controller the last one counts.
    """
    found: dict[str, msgspec.Raw] = {}
    for head in heads:
        for block in data.blocks(head.key, head.key):
            if is_snapshot(block) and _is_sound(block.data):
                found[block.controller] = msgspec.Raw(block.data)
    return {SETTINGS: msgspec.json.encode(found).decode()} if found else {}


def _is_sound(data: bytes) -> bool:
    if len(data) > MOST_BYTES:
        return False
    try:
        _DECODER.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
