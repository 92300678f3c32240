"""Some rows, and the SQL that stores each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Row = tuple[object, ...]


class Statement(NamedTuple):
    """Some rows, and the SQL that is executed for each."""

    sql: str
    rows: Sequence[Row]
    exact: bool = False
    """Every row must find what it changes."""
