"""Which format is meant."""

from pathlib import Path

import pytest

from stationd.client.results.formats import chosen
from stationd.proto.error import RequestError


def test_the_end_of_a_name_means_a_format() -> None:
    assert chosen(Path("a.zarr"), None) == "zarr"
    assert chosen(Path("a.nc"), "csv") == "csv"
    with pytest.raises(RequestError, match=r"ends in none of \.json"):
        chosen(Path("a"), None)
    with pytest.raises(RequestError, match="no format 'xls': there are json"):
        chosen(Path("a"), "xls")
