"""Which drivers come with stationd, and where they are."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILT_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "null": "stationd.actors.drivers.null:Null",
        "simulated-qpu": "stationd.actors.drivers.simulated_qpu:SimulatedQpu",
        "simulated-source": "stationd.actors.drivers.simulated_bench:SimulatedSource",
        "simulated-readout": "stationd.actors.drivers.simulated_bench:SimulatedReadout",
        "qcodes": "stationd.actors.drivers.qcodes_station:QcodesStation",
        "qibolab": "stationd.actors.drivers.qibolab_platform:QibolabPlatform",
        "laboneq": "stationd.actors.drivers.laboneq_platform:LaboneqPlatform",
    }
)
"""Where the drivers are that come with stationd; imported when they are asked for."""
