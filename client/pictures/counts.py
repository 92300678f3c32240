"""Counts of a circuit's outcomes as a histogram."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from stationd.client.pictures.axes import new_axes
from stationd.client.results.outcome import CircuitResult
from stationd.proto.error import RequestError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_BARS: Final = 32
"""Outcomes that get a bar of their own; the rarer ones share the last."""


def histogram(counts: Mapping[str, int] | CircuitResult, *, axes: Axes | None = None) -> Axes:
    """Draw how often each outcome of a circuit was seen.

    Args:
        counts: A circuit's result, or shots by outcome as in its `counts`.
        axes: Where to draw; None for new ones.

    Raises:
        RequestError: It is neither. Nothing was drawn.
    """
    counts = _counts(counts)
    axes = axes or new_axes()
    bars = rarest_together(counts)
    axes.bar(list(bars), list(bars.values()), color="#4c78a8")
    axes.set_xlabel("outcome")
    axes.set_ylabel("shots")
    axes.tick_params(axis="x", labelrotation=90 if len(bars) > 8 else 0)  # noqa: PLR2004 - room for text
    return axes


def _counts(given: object) -> Mapping[str, int]:
    if isinstance(given, CircuitResult):
        return given.counts
    if isinstance(given, Mapping):
        return cast("Mapping[str, int]", given)
    raise RequestError(
        "what is drawn is a CircuitResult, as `download_result` returns it, or counts, not"
        f" {given!r}"
    )


def rarest_together(counts: Mapping[str, int], most: int = MOST_BARS) -> dict[str, int]:
    """Return counts in the order of their outcomes, the rarest added up if there are too many.

    >>> rarest_together({"00": 1, "11": 70, "01": 2, "10": 27}, most=3)
    {'10': 27, '11': 70, 'others': 3}
    """
    by_size = sorted(counts, key=lambda outcome: -counts[outcome])
    kept = by_size if len(by_size) <= most else by_size[: most - 1]
    bars = {outcome: counts[outcome] for outcome in sorted(kept)}
    rest = sum(counts.values()) - sum(bars.values())
    return bars | {"others": rest} if rest else bars
