"""The keys of this host: where the station's own is, and those of controllers that run here.

Rule 1. What systemd hands over as a credential goes before what the configuration names.
Rule 2. Without a key there is nothing that listens to a network, or speaks over one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stationd.proto.curve import Credentials, read_secret
from stationd.proto.error import HostError

if TYPE_CHECKING:
    from stationd.proto.curve import KeyPair
    from stationd.runtime.settings import Settings

CREDENTIAL: Final = "station.secret"
"""The name of the credential with the station's secret key."""
_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"


def network_endpoints(settings: Settings) -> list[str]:
    """Return the endpoints over a network that a daemon with this configuration binds."""
    endpoints = (
        *settings.api_endpoints,
        settings.instruments_endpoint,
        *settings.instruments.listen,
    )
    return [endpoint for endpoint in endpoints if endpoint.startswith("tcp://")]


def only_controllers_run(settings: Settings) -> bool:
    """Return whether no station runs here: a public key of one is known, and no secret key."""
    security = settings.security
    has_secret = security.secret_key_file or _credential(CREDENTIAL) is not None
    far = settings.instruments_endpoint.startswith("tcp://")
    return far and bool(security.station_key) and not has_secret


def station_keys(settings: Settings) -> KeyPair | None:
    """Read the station's keys; None if it listens to no network.

    Raises:
        HostError: It does, and has no key, or none that can be used.
    """
    endpoints = network_endpoints(settings)
    if not endpoints:
        return None
    found = _read(CREDENTIAL, settings.security.secret_key_file)
    if found is None:
        raise HostError(
            f"{endpoints[0]} is open to a network, and the station has no key to be known by: make"
            " one with `stationd keygen station --for station`, and name its secret file in"
            " [security] secret_key_file"
        )
    return found


def controller_credentials(
    settings: Settings, name: str, key_file: Path | None = None
) -> Credentials | None:
    """Read what a controller that runs here shows its station; None if that is on this host.

    Args:
        settings: The configuration of the host that the controller runs on.
        name: The controller's.
        key_file: Its secret key, if that is not where the configuration says.

    Raises:
        HostError: A key is missing or cannot be used.
    """
    endpoint = settings.instruments_endpoint
    if not endpoint.startswith("tcp://"):
        return None
    own = read_secret(key_file) if key_file else None
    own = own or _read(f"{name}.secret", settings.controllers[name].key_file)
    if own is None:
        raise HostError(
            f"the station at {endpoint} knows controllers by their keys, and {name} has none: make"
            f" one with `stationd keygen {name} --for controller`, and name its secret file in"
            f" [controllers.{name}] key_file"
        )
    return Credentials(_station_key(settings, endpoint), own)


def _station_key(settings: Settings, endpoint: str) -> str:
    if settings.security.station_key:
        return settings.security.station_key
    # On the daemon's own host the secret key tells the public one.
    found = _read(CREDENTIAL, settings.security.secret_key_file)
    if found is None:
        raise HostError(
            f"{endpoint} is open to a network: say in [security] station_key which public key the"
            " station has there, so that nobody else is taken for it"
        )
    return found.public


def _credential(name: str) -> Path | None:
    directory = os.environ.get(_DIRECTORY, "")
    path = Path(directory) / name
    return path if directory and path.exists() else None


def _read(credential: str, configured: str) -> KeyPair | None:
    path = _credential(credential)
    if path is not None:
        return read_secret(path, guarded=True)
    return read_secret(Path(configured)) if configured else None
