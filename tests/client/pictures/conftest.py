"""Pictures are drawn on no screen, and closed when a test is over."""

from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    mpl.use("agg")
    yield
    plt.close("all")
