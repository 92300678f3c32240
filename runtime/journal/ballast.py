"""A file that takes up room, to be given up when the disk is full.

With that room a station still writes down what becomes of the jobs that it has: a database needs
room even to delete. Rule: new work is taken only while the ballast is there.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from stationd.proto.error import StorageTrouble

BALLAST: Final = "ballast"
"""The file's name within the state directory."""
BALLAST_BYTES: Final = 16 * 1024 * 1024


class Ballast:
    """The ballast of a state directory.

    Args:
        state: The directory.
        size: Bytes that the file takes up.
    """

    def __init__(self, state: Path, size: int = BALLAST_BYTES) -> None:
        self._path = state / BALLAST
        self._size = size

    @property
    def there(self) -> bool:
        """Whether it is all there."""
        try:
            found = self._path.stat()
        except OSError:
            return False
        return found.st_size >= self._size

    def make(self) -> None:
        """Take up the room, if there is a quarter more.

        Raises:
            StorageTrouble: There is not so much room, or the disk fails; there is no ballast.
        """
        if self.there:
            return
        try:
            _check_room(self._path.parent, self._size + self._size // 4)
            self._allocate()
        except OSError as error:
            self.drop()
            raise StorageTrouble(self._said(error)) from error

    def drop(self) -> bool:
        """Give the room up; return whether there was a ballast."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _allocate(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        finally:
            os.close(descriptor)

    def _said(self, error: OSError) -> str:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return (
                "the station's disk is full: make room, the station wants"
                f" {(self._size + self._size // 4) >> 10} KiB free in {self._path.parent}"
            )
        return f"the station's disk cannot be written to ({self._path}: {error.strerror})"


def _check_room(folder: Path, wanted: int) -> None:
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < wanted:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
