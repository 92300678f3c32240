"""Where a picture is drawn, unless somebody says where."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.error import RequestError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes() -> Axes:
    """Return new axes to draw on.

    Raises:
        RequestError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RequestError("drawing needs matplotlib: pip install 'stationd[plot]'") from error
    return plt.subplots(layout="constrained")[1]
