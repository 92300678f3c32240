"""What a sweep has set before its first spot, as its result says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.program import Sweep

APPLIED: Final = "applied"
"""The key of a result's metadata that has what was set, as JSON: an object by dotted name, of
objects of `value` and, where it is known, `unit`."""


def applied_note(sweep: Sweep, units: Mapping[str, str]) -> dict[str, str]:
    """Return what the settings of a sweep add to its result's metadata.

    >>> from stationd.proto.program import Sweep
    >>> applied_note(Sweep(settings={"source.delay": 1e-6}), {"source.delay": "s"})
    {'applied': '{"source.delay":{"value":1e-6,"unit":"s"}}'}

    Args:
        sweep: What was asked for.
        units: Of settings, by dotted name, where known.
    """
    if not sweep.settings:
        return {}
    found = {
        name: {"value": value} | ({"unit": units[name]} if units.get(name) else {})
        for name, value in sweep.settings.items()
    }
    return {APPLIED: msgspec.json.encode(found).decode()}
