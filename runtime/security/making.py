"""Files for a new pair of keys: the secret one for its owner alone, from the first moment on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from stationd.proto.curve import KeyPair, new_pair
from stationd.proto.error import HostError

if TYPE_CHECKING:
    from pathlib import Path

_OWNER_ALONE: Final = 0o600
_EVERYBODY: Final = 0o644


def make_files(name: str, folder: Path, *, force: bool = False) -> KeyPair:
    """Make a pair of keys and write it to ``NAME.secret`` and ``NAME.public``.

    Args:
        name: How the files are called.
        folder: Where they are written to; made if it is not there.
        force: Write over files that are there.

    Raises:
        HostError: One of the files is there, or cannot be written. Nothing was written over.
    """
    pair = new_pair()
    secret, public = folder / f"{name}.secret", folder / f"{name}.public"
    taken = [path for path in (secret, public) if os.path.lexists(path)]
    if taken and not force:
        raise HostError(
            f"{taken[0]} is there already, and whoever is known by it would not be any more: choose"
            " another folder with --out, or write over it with --force"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(secret, pair.secret, _OWNER_ALONE)
        _write(public, pair.public, _EVERYBODY)
    except OSError as error:
        raise HostError(f"cannot write the keys to {folder}: {error.strerror}") from error
    return pair


def _write(path: Path, text: str, mode: int) -> None:
    # Under another name first: whoever reads it meanwhile has the old key or the new one, and its
    # mode holds before anything is in it.
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
