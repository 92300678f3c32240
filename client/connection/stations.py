"""The stations that a user knows: where they are, and with which keys, in a file of the user's.

    default = "lab"

    [stations.lab]
    endpoint = "tcp://control-host:7000"
    station_key = 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID'
    key_file = "~/.config/stationd/ada.secret"

Rule 1. Files are read when a connection begins, in a thread.
Rule 2. Over a network nothing is sent without both keys: one's own, and the one that the station
        must prove to have.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.client.connection.endpoint import DEFAULT, Choice, checked
from stationd.client.files import toml
from stationd.proto.curve import Credentials, is_key, read_secret
from stationd.proto.error import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_VARIABLE: Final = "STATIOND_STATIONS"
"""The environment's name for another file."""


class KnownStation(Struct, frozen=True, forbid_unknown_fields=True):
    """A station in the file."""

    endpoint: str
    """``ipc://`` or ``tcp://``."""
    station_key: str = ""
    """The station's public key, for ``tcp://``."""
    key_file: str = ""
    """The file of one's own secret key, for ``tcp://``; beside this file, if it is no path."""


class KnownStations(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says."""

    default: str = ""
    """The name of the station that is meant if nobody says which."""
    stations: dict[str, KnownStation] = {}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a station is, and what it takes to connect."""

    endpoint: str
    credentials: Credentials | None = None
    """None on a path, where the kernel tells who one is."""


def file_of_stations(environment: Mapping[str, str] | None = None) -> Path:
    """Return where the file is, or would be."""
    known = os.environ if environment is None else environment
    if known.get(FILE_VARIABLE):
        return Path(known[FILE_VARIABLE])
    home = known.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "stationd" / "client.toml"


def address_of(choice: Choice) -> Address:
    """Return where a station is and with which keys; reads files.

    Raises:
        RequestError: Nobody knows a station of this name, a key is missing, or the file is wrong.
        HostError: The secret key cannot be used.
    """
    if choice.is_local:
        return Address(choice.station)
    file = file_of_stations()
    known = _found(choice.station, read_stations(file), file)
    if known.endpoint.startswith("ipc://"):
        return Address(known.endpoint)
    station_key = choice.station_key or known.station_key
    key_file = choice.key_file or known.key_file
    if not station_key or not key_file:
        raise RequestError(_lacking(known.endpoint, station_key, key_file, file))
    if not is_key(station_key):
        raise RequestError(
            f"{station_key!r} is no public key of a station: it has 40 characters, and whoever runs"
            " the station can tell it (stationd check-config shows it)"
        )
    path = Path(key_file).expanduser()
    own = read_secret(path if choice.key_file else file.parent / path)
    return Address(known.endpoint, Credentials(station_key, own))


def read_stations(file: Path) -> KnownStations:
    """Return what a file says; nothing, if it is not there.

    Raises:
        RequestError: It cannot be read, or says something that makes no sense.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return KnownStations()
    except (OSError, UnicodeDecodeError) as error:
        raise toml.wrong(str(file), "", f"cannot be read: {error}") from error
    try:
        known = msgspec.convert(toml.parse(text, str(file)), KnownStations)
    except msgspec.ValidationError as error:
        raise toml.wrong(str(file), "", str(error)) from error
    for name, station in known.stations.items():
        if "://" not in station.endpoint:
            raise toml.wrong(str(file), f"stations.{name}.endpoint", "is no endpoint")
        checked(station.endpoint)
    if known.default and known.default not in known.stations:
        raise toml.wrong(str(file), "default", f"no station is called {known.default!r}")
    return known


def _found(station: str, known: KnownStations, file: Path) -> KnownStation:
    """Return the station of a name, an endpoint, or the default."""
    name = station or known.default
    if not name:
        return KnownStation(DEFAULT)
    if "://" in name:
        same = (one for one in known.stations.values() if one.endpoint == name)
        return next(same, KnownStation(name))
    if name not in known.stations:
        names = ", ".join(sorted(known.stations)) or "none"
        raise RequestError(f"{file} knows no station {name!r}; it knows {names}")
    return known.stations[name]


def _lacking(endpoint: str, station_key: str, key_file: str, file: Path) -> str:
    lacking = [
        *([] if key_file else ["your secret key (key_file, --key-file, STATIOND_KEY_FILE)"]),
        *(
            []
            if station_key
            else ["the station's public key (station_key, --station-key, STATIOND_STATION_KEY)"]
        ),
    ]
    return (
        f"{endpoint} takes keys, and there is nothing that says which is {' and '.join(lacking)}:"
        f" make yours with `stationd keygen NAME`, and name both in {file}"
    )
