"""A sweep's outcome as an xarray Dataset: dimensions are named for what runs along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stationd.client.references.table import missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray


def dataset(
    axes: Mapping[str, NDArray[Any]],
    dimensions: Mapping[str, int],
    arrays: Mapping[str, NDArray[Any]],
    units: Mapping[str, str],
    attributes: Mapping[str, object],
) -> xr.Dataset:
    """Return labelled arrays.

    Settings that are stepped together share a dimension, which is called after the first of them.
    What one reading holds besides runs along dimensions called after it, as in ``adc.trace_0``.
    The attribute ``units`` of arrays and coordinates is what xarray's own plots write.

    Raises:
        MissingExtra: xarray is not installed.
    """
    try:
        import xarray as xr  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise missing("xarray", "labelled arrays") from error
    names: dict[int, str] = {}
    for setting, dimension in dimensions.items():
        names.setdefault(dimension, setting)
    swept = [names[dimension] for dimension in sorted(names)]
    coordinates = {
        setting: xr.Variable((names[dimension],), axes[setting], _units(units, setting))
        for setting, dimension in dimensions.items()
    }
    variables = {
        name: xr.Variable(
            (*swept, *(f"{name}_{index}" for index in range(array.ndim - len(swept)))),
            array,
            _units(units, name),
        )
        for name, array in arrays.items()
    }
    return xr.Dataset(variables, coordinates, attributes)


def _units(units: Mapping[str, str], name: str) -> dict[str, str]:
    return {"units": units[name]} if name in units else {}
