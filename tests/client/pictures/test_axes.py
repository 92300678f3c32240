"""Without matplotlib nothing is drawn, and the error says what to install."""

import sys

import pytest

from stationd import plot
from stationd.proto.error import RequestError


def test_without_matplotlib_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RequestError, match=r"pip install 'stationd\[plot\]'"):
        plot.histogram({"0": 1})
