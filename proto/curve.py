"""CURVE keys: how stations, their users and controllers know each other over a network.

Rule 1. A key is 40 characters of Z85. A file holds one and nothing else, for any character may
        be part of a key.
Rule 2. A secret key is taken only from a file that nobody else may read, and is never shown.
Rule 3. ZeroMQ is taken only if what is known of attacks on CURVE is mended in it.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import zmq

from stationd.proto.error import HostError

OLDEST_LIBZMQ: Final = (4, 3, 4)
"""Before 4.3.2 a key was not needed to overflow the stack, before 4.3.3 not to block a server."""
SHOWN: Final = 8
"""Characters of a public key that logs and errors show: enough to tell keys apart."""

_KEY: Final = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
_FORM: Final = "a key is 40 characters of Z85"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A public key, which anybody may know, and its secret one."""

    public: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody who connects over a network must have."""

    station: str
    """The public key that the station must prove to be its own."""
    own: KeyPair


def new_pair() -> KeyPair:
    """Make a pair of keys that nobody else has."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


def pair_of(secret: str) -> KeyPair:
    """Return a secret key with its public one.

    Raises:
        ValueError: It is not a key.
    """
    if not _KEY.fullmatch(secret):
        raise ValueError(_FORM)
    try:
        public = zmq.curve_public(secret.encode())
    except zmq.ZMQError as error:
        raise ValueError(_FORM) from error
    return KeyPair(public.decode(), secret)


def is_key(text: str) -> bool:
    """Return whether a text has the form of a key.

    >>> is_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"), is_key("secret")
    (True, False)
    """
    return _KEY.fullmatch(text) is not None


def shown(key: str) -> str:
    """Return how a public key is shown to people.

    >>> shown("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID")
    'Yne@$w-v...'
    """
    return f"{key[:SHOWN]}..."


def read_secret(path: Path, *, guarded: bool = False) -> KeyPair:
    """Read a secret key from its file.

    Args:
        path: The file.
        guarded: Somebody else sees to it that nobody reads it, such as systemd for credentials;
            the file's mode then need not.

    Raises:
        HostError: The file cannot be read, others may read it, or there is no key in it.
    """
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(1000).strip()
    except OSError as error:
        raise HostError(f"cannot read the secret key {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HostError(_no_key(path)) from error
    if mode & _OTHERS and not guarded:
        raise HostError(
            f"others may read the secret key {path} (mode {stat.S_IMODE(mode):04o}): chmod 600 it,"
            " and make a new one if it has ever been so on a machine with other users"
        )
    try:
        return pair_of(text)
    except ValueError as error:
        raise HostError(_no_key(path)) from error


def check_libzmq(version: tuple[int, ...], *, curve: bool) -> None:
    """Return if this ZeroMQ may face a network.

    Raises:
        HostError: It is too old, or was built without CURVE.
    """
    if version < OLDEST_LIBZMQ:
        have, want = (".".join(map(str, one)) for one in (version, OLDEST_LIBZMQ))
        raise HostError(
            f"libzmq {have} has known holes, {want} is the oldest that stationd runs with: upgrade"
            " it, for instance with pip install --upgrade --only-binary :all: pyzmq"
        )
    if not curve:
        raise HostError(
            "this libzmq was built without CURVE, which stationd needs to know who connects:"
            " pip install --force-reinstall --only-binary :all: pyzmq brings one that has it"
        )


def _no_key(path: Path) -> str:
    return f"{path} holds no secret key: make one with stationd keygen"
