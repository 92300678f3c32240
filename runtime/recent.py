"""The newest pages of the feed, as they were sent: kept once, for all who fall a little behind.

What is older is read from the journal, one listener at a time, which costs ten times as much.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Final, NamedTuple

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of all pages together, about; seventy thousand facts."""


class Page(NamedTuple):
    """Facts that follow one another without a hole."""

    last: int
    """The sequence number of the last one."""
    events: int
    encoded: bytes


class Recent:
    """Pages that follow one another, the oldest of which go when there are too many bytes.

    Args:
        most_bytes: How many there may be; the newest page is kept whatever its size is.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._pages: dict[int, Page] = {}
        # Where pages begin, ascending.
        self._starts = deque[int]()

    def add(self, after: int, page: Page) -> None:
        """Keep a page.

        Args:
            after: The sequence number before its first one, at least as high as any that was
                added before it.
            page: The page.
        """
        self._pages[after] = page
        self._starts.append(after)
        self._bytes += len(page.encoded)
        while self._bytes > self._most_bytes and len(self._starts) > 1:
            self._bytes -= len(self._pages.pop(self._starts.popleft()).encoded)

    def after(self, seq: int) -> Page | None:
        """Return the page that begins just behind a sequence number, if it is here."""
        return self._pages.get(seq)

    def first_start(self, default: int) -> int:
        """Return the number behind which the oldest page begins."""
        return self._starts[0] if self._starts else default

    def next_start(self, seq: int) -> int | None:
        """Return the lowest number above a sequence number behind which a page begins."""
        place = bisect_right(self._starts, seq)
        return self._starts[place] if place < len(self._starts) else None
