"""What a cache has been good for, as numbers."""

from __future__ import annotations

from msgspec import Struct


class CacheStatistics(Struct, frozen=True):
    """What the cache of compiled circuits has been good for."""

    hits: int = 0
    """Circuits that need not be compiled."""
    misses: int = 0
    """Circuits that had to be."""
    evicted: int = 0
    """Circuits that made room for others."""
    size_bytes: int = 0
    circuits: int = 0
