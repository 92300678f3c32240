"""Numbers from the wire that everything behind it can hold.

A number that a decoder accepts travels on into databases, JSON and C. So what cannot be held
there (more than 53 bits, NaN where a time is meant) is refused at the door.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final

from msgspec import Meta

MOST: Final = 2**53
"""The largest integer; up to here a float holds each of them, too."""

Natural = Annotated[int, Meta(ge=0, le=MOST)]
"""0, 1, 2, ...: a count, an index or a number in a sequence."""
Positive = Annotated[int, Meta(ge=1, le=MOST)]
"""1, 2, 3, ..."""
Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
"""Neither infinite nor NaN."""
UnixTime = Annotated[float, Meta(ge=0, le=MOST)]
"""Seconds since the beginning of 1970, UTC."""
