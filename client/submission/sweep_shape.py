"""How a sweep is put together, before it is sent: pure. What is in it, the station looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from stationd.proto.program import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.program import Sweep

_GROUPS: Final = (
    "axes is a tuple of groups, and a group a tuple of axes that move together: write"
    " axes=((axis,),) for one axis, and axes=((slow,), (fast,)) for a grid"
)


def mistake(sweep: Sweep) -> tuple[str, str] | None:
    """Return which field of a sweep is of the wrong shape, and what would be right; or None.

    >>> from stationd.proto.program import Sweep
    >>> mistake(Sweep(settings={"a.x": 1.0}, returns=("r.p",)))
    """
    returns: object = sweep.returns
    if isinstance(returns, str):
        return "returns", f"returns is a tuple of names: write returns=({returns!r},)"
    for name, value in _items(sweep.settings):
        if isinstance(value, Mapping):
            return "settings", f"{name!r} has settings of its own: write each as '{name}.SETTING'"
    groups = _listed(sweep.axes)
    if any(isinstance(group, Axis) for group in groups):
        return "axes", _GROUPS
    axes = [axis for group in groups for axis in _listed(group)]
    return next((found for axis in axes if (found := _of_values(axis))), None)


def _of_values(axis: object) -> tuple[str, str] | None:
    if not isinstance(axis, Axis):
        return None
    values: object = axis.values
    if isinstance(values, str) or not _has_several(values):
        return "axes", f"{axis.setting} steps through several values: {values!r} is none or one"
    return None


def _has_several(values: object) -> bool:
    # An array of no dimensions can be iterated over by its type, and not by itself.
    return hasattr(values, "__iter__") and getattr(values, "shape", None) != ()


def _listed(value: object) -> list[object]:
    """Return what stands where several things belong; what is no such thing stands alone."""
    if not isinstance(value, list | tuple):
        return [value]
    return list(cast("Sequence[object]", value))


def _items(settings: object) -> list[tuple[object, object]]:
    if not isinstance(settings, Mapping):
        return []
    return list(cast("Mapping[object, object]", settings).items())
