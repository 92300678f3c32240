"""What the tests of this folder share: time, for the first makes a whole system."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_LONGEST = 1500.0
"""Seconds that one of these tests may take: a slow machine fetches packages first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them slow, and give them time."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(_LONGEST))
