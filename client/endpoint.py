"""Which station is meant, when a call does not say so."""

from __future__ import annotations

import os
from typing import Final

from stationd.proto.error import RequestError

DEFAULT: Final = "ipc:///run/stationd/jobs.sock"
VARIABLE: Final = "STATIOND_ENDPOINT"

_chosen: list[str] = []


def connect(endpoint: str) -> None:
    """Make a station the one that this process talks to from now on.

    Nothing is sent yet, so the station need not be there.

    Args:
        endpoint: ``ipc:///path/of/jobs.sock`` or ``tcp://host:port``.

    Raises:
        RequestError: The endpoint is of neither form.
    """
    _chosen[:] = [checked(endpoint)]


def current() -> str:
    """Return the endpoint that `connect` set, or that of the environment, or the default."""
    return _chosen[0] if _chosen else checked(os.environ.get(VARIABLE) or DEFAULT)


def checked(endpoint: str) -> str:
    """Return an endpoint if it has the form of one.

    >>> checked("tcp://lab:7000")
    'tcp://lab:7000'

    Raises:
        RequestError: It has not.
    """
    scheme, _, rest = endpoint.partition("://")
    if scheme == "ipc" and rest:
        return endpoint
    if scheme == "tcp" and rest.rpartition(":")[2].isdecimal() and rest.rpartition(":")[0]:
        return endpoint
    raise RequestError(
        f"{endpoint!r} is not the endpoint of a station: it must look like {DEFAULT}"
        " or tcp://host:port"
    )
