"""Which station is meant, when a call does not say so, and with which keys."""

from __future__ import annotations

import os
import re
from typing import Final

import msgspec
from msgspec import Struct

from stationd.proto.error import RequestError

DEFAULT: Final = "ipc:///run/stationd/jobs.sock"
VARIABLE: Final = "STATIOND_ENDPOINT"
STATION_KEY_VARIABLE: Final = "STATIOND_STATION_KEY"
KEY_FILE_VARIABLE: Final = "STATIOND_KEY_FILE"

_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,62}\Z")


class Choice(Struct, frozen=True):
    """A station, as somebody has named it."""

    station: str = ""
    """An endpoint, or a name in the file of stations; empty for the default."""
    station_key: str = ""
    """The public key that it must have; empty for what the file of stations says."""
    key_file: str = ""
    """The file of one's own secret key; empty for what the file of stations says."""

    @property
    def is_local(self) -> bool:
        """Whether it is known without a look at any file."""
        return self.station.startswith("ipc://")


_chosen: list[Choice] = []


def connect(station: str, *, station_key: str = "", key_file: str | os.PathLike[str] = "") -> None:
    """Make a station the one that this process talks to from now on.

    Nothing is sent yet, so the station need not be there.

    Args:
        station: ``ipc:///path/of/jobs.sock``, ``tcp://host:port``, or the name of a station in
            ``~/.config/stationd/client.toml``, which may have its keys too.
        station_key: For ``tcp://``: the station's public key.
        key_file: For ``tcp://``: the file of your own secret key, as ``stationd keygen`` made it.

    Raises:
        RequestError: The station is named in neither form.
    """
    _chosen[:] = [Choice(checked(station), station_key, os.fspath(key_file))]


def choose(*, station: str = "", station_key: str = "", key_file: str = "") -> None:
    """Replace what is given of the station that this process talks to, and leave the rest."""
    changes = {"station_key": station_key, "key_file": key_file}
    changes["station"] = checked(station) if station else ""
    given = {key: value for key, value in changes.items() if value}
    _chosen[:] = [msgspec.structs.replace(_chosen[0] if _chosen else Choice(), **given)]


def current() -> Choice:
    """Return what `connect` chose, and where it is silent what the environment says."""
    chosen = _chosen[0] if _chosen else Choice()
    station = "" if chosen.station else os.environ.get(VARIABLE, "")
    return Choice(
        checked(station) if station else chosen.station,
        chosen.station_key or os.environ.get(STATION_KEY_VARIABLE, ""),
        chosen.key_file or os.environ.get(KEY_FILE_VARIABLE, ""),
    )


def checked(station: str) -> str:
    """Return how a station is named, if it has the form of an endpoint or of a name.

    >>> checked("tcp://lab:7000"), checked("lab")
    ('tcp://lab:7000', 'lab')

    Raises:
        RequestError: It has not.
    """
    scheme, _, rest = station.partition("://")
    if scheme == "ipc" and rest:
        return station
    if scheme == "tcp" and rest.rpartition(":")[2].isdecimal() and rest.rpartition(":")[0]:
        return station
    if _NAME.match(station):
        return station
    raise RequestError(
        f"{station!r} is not the endpoint of a station: it must look like {DEFAULT}"
        " or tcp://host:port, or be a name in the file of stations"
    )
