"""Is what the configuration says as it should be: its files, the keys, the drivers?"""

from __future__ import annotations

import stat
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import zmq

from stationd.actors.drivers.built_in import BUILT_IN
from stationd.actors.drivers.registry import misfit
from stationd.proto.curve import check_libzmq
from stationd.proto.error import StationError
from stationd.runtime.care.doctor.finding import Finding, fail, ok, warn
from stationd.runtime.security.doors import warnings
from stationd.runtime.security.material import (
    controller_credentials,
    network_endpoints,
    only_controllers_run,
    station_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings import Configuration, Settings

_NEEDED: Final = {"simulated-qpu": ("qiskit", "stationd[qiskit]")}
"""What a built-in driver imports that need not be installed."""


def files(configuration: Configuration) -> Iterator[Finding]:
    """Look at who may write to the files."""
    open_to_all = [
        file for file in configuration.files if file.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ]
    for file in open_to_all:
        yield warn(
            "configuration",
            f"others than its owner may write to {file}",
            f"chmod go-w {file}: it names what the daemon runs",
        )
    if not open_to_all:
        count = len(configuration.files)
        yield ok("configuration", f"{count} file{'s' if count > 1 else ''}, no mistakes")


def keys(settings: Settings) -> Iterator[Finding]:
    """Look at the station's key, and at who is let in."""
    try:
        if only_controllers_run(settings):
            for name in settings.controllers:
                controller_credentials(settings, name)
            yield ok(
                "keys",
                f"only controllers run here; their station is {settings.instruments_endpoint}",
            )
            return
        found = station_keys(settings)
    except StationError as error:
        yield fail("keys", str(error), "as it says; docs/security.md has the whole of it")
        return
    for warning in warnings(settings):
        yield warn("keys", warning, "as it says; docs/security.md has the whole of it")
    if found is None:
        yield ok("keys", "none are needed: nothing listens to a network")
    else:
        yield ok("keys", f"the station's public key is {found.public}")
    if not settings.users and network_endpoints(settings) == []:
        yield warn(
            "users",
            "whoever reaches the socket may do everything, for there is no [users]",
            "give out roles in [users], or keep the group of the socket small",
        )


def libzmq(_: Settings) -> Iterator[Finding]:
    """Look at ZeroMQ's version and abilities."""
    version = ".".join(map(str, zmq.zmq_version_info()))
    try:
        check_libzmq(zmq.zmq_version_info(), curve=zmq.has("curve"))
    except StationError as error:
        yield fail("libzmq", str(error), "as it says")
    else:
        yield ok("libzmq", f"{version}, with CURVE")


def drivers(settings: Settings) -> Iterator[Finding]:
    """See that the drivers can be found; they are not imported, for that may move something."""
    missing = False
    for name, controller in settings.controllers.items():
        module = controller.driver.partition(":")[0]
        needed, package = _NEEDED.get(controller.driver, ("", ""))
        if controller.driver in BUILT_IN and (not needed or _found(needed)):
            reason = misfit(controller.driver, controller.options)
            if reason:
                missing = True
                yield fail(
                    "drivers", f"controller {name}: {reason}", f"mend controllers.{name}.options"
                )
        elif controller.driver in BUILT_IN:
            missing = True
            yield fail(
                "drivers",
                f"controller {name} has the driver {controller.driver}, which needs {needed}",
                f"pip install '{package}' where stationd is installed",
            )
        elif ":" not in controller.driver or not _found(module):
            missing = True
            yield fail(
                "drivers",
                f"controller {name} has the driver {controller.driver}, and there is no module"
                f" {module}",
                "install its package where stationd is installed, or mend"
                f" controllers.{name}.driver",
            )
    if not missing:
        count = len(settings.controllers)
        yield ok("drivers", f"{count} of {count} are there")


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
