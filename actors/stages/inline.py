"""Which results the daemon may build in its own loop: small ones, which need no file.

Rule. Rather too much is expected than too little: a worker is never wrong.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from stationd.actors.stages.requests import shots_asked
from stationd.actors.stages.snapshot import is_snapshot
from stationd.proto.program import Sweep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.actors.stages.requests import PostProcessRequest
    from stationd.proto.program import Capabilities

INLINE_BYTES: Final = 64 * 1024
"""Results up to this size are kept in the journal; larger ones are files."""
_BESIDE_BYTES: Final = 1024
"""What a result takes beside its data: names, shapes and units."""
_MOST_INLINE_ITEMS: Final = 20
"""More items than these take a worker, however small: the daemon's loop has other work."""


def fits_inline(request: PostProcessRequest) -> bool:
    """Whether the daemon may do it in its own loop: little raw data, and no file to write."""
    if len(request.items) > _MOST_INLINE_ITEMS:
        return False
    raw = sum(len(block.data) for block in request.blocks)
    return raw <= INLINE_BYTES and _expected_bytes(request) <= INLINE_BYTES


def _expected_bytes(request: PostProcessRequest) -> int:
    """Return what the results take together, rather too much than too little."""
    names = sum(len(key) + len(value) for key, value in request.metadata.items())
    standing = sum(len(block.data) for block in request.blocks if is_snapshot(block))
    beside = len(request.items) * (names + standing + _BESIDE_BYTES)
    work = request.work
    if isinstance(work, Sweep):
        return beside + _sweep_bytes(work, request.offers)
    compiled = sum(
        len(one.openqasm) + 64 * len(one.native.instructions) for one in request.compiled.values()
    )
    shots = shots_asked(work)
    return (
        beside
        + compiled
        + sum(
            # Every shot has its packed bits and, at worst, an outcome of its own in the counts.
            shots[item] * (math.ceil(bits.n_bits / 8) + bits.n_bits + 10) + 32 * bits.n_bits
            for item, bits in request.bits.items()
            if item < len(shots)
        )
    )


def _sweep_bytes(sweep: Sweep, offers: Mapping[str, Capabilities]) -> int:
    readings = {
        f"{controller}.{one.name}": math.prod(one.shape)
        for controller, offered in offers.items()
        for one in offered.readouts
    }
    per_spot = sum(16 * readings.get(name, 1) for name in sweep.returns)
    values = sum(9 * len(axis.values) for group in sweep.axes for axis in group)
    return sweep.spots * per_spot + values
