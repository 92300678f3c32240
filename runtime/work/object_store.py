"""A store of objects for results: S3 and what speaks its protocol, Azure, Google, or a directory.

Rule 1. An object is created or there already, and never written over: a result is published once,
        however often it is tried.
Rule 2. Everything here blocks, for as long as the store takes: it belongs into a thread.
Rule 3. Whatever goes wrong with the store is `StorageTrouble`, and says what it was in a line.
"""

from __future__ import annotations

import mmap
import os
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from stationd.actors.untyped import load
from stationd.proto.error import StationError, StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

_CONNECT_SECONDS: Final = 5
_SECONDS: Final = 120
"""For one object, which may have two gigabytes."""
_RETRIES: Final = 1
"""By the library, within a try; ours come later."""
_PIECE_BYTES: Final = 8 * 1024 * 1024


class ObjectStore:
    """Objects under a prefix of a store.

    Args:
        url: Of the store, as in ``s3://bucket/prefix``, ``file:///srv/results``, ``memory://``.
        options: What the library knows for this kind of store, as in ``endpoint``, ``region``.
        prefix: Before every key: the station's id, so that several can share a store.

    Raises:
        StationError: The library is not installed, or does not understand the URL or an option.
    """

    def __init__(self, url: str, options: Mapping[str, str], prefix: str) -> None:
        if find_spec("obstore") is None:
            raise StationError(
                "[artifacts] store: it needs what is not installed: pip install 'stationd[store]',"
                " or leave the key out"
            )
        self.url = url
        self._prefix = prefix
        self._root: Path | None = None
        try:
            self._store = self._opened(url, options)
        except Exception as error:
            raise StationError(f"[artifacts] store: {url}: {_line(error)}") from error

    def _opened(self, url: str, options: Mapping[str, str]) -> Any:  # noqa: ANN401 - the library's, which is not there for all
        stores = load("obstore.store")
        parts = urlsplit(url)
        if parts.scheme == "file":
            self._root = Path(unquote(parts.path))
            return stores.LocalStore(self._root, mkdir=True)
        if parts.scheme == "memory":
            return stores.from_url("memory:///")
        insecure = any(value.startswith("http://") for value in options.values())
        client = {"connect_timeout": f"{_CONNECT_SECONDS}s", "timeout": f"{_SECONDS}s"}
        return stores.from_url(
            url,
            config=dict(options) or None,
            client_options={**client, "allow_http": True} if insecure else client,
            retry_config={"max_retries": _RETRIES},
        )

    def create(self, key: str, file: Path) -> bool:
        """Make an object of a file; return whether it is new.

        Raises:
            StorageTrouble: The store is away, or has something else under this name.
            OSError: The file cannot be read.
        """
        obstore, errors = load("obstore"), load("obstore.exceptions")
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            # Mapped, so what is sent need not be in the daemon's own memory; and let go of when
            # the library does, which may be after an error.
            data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            with self._asking(errors.AlreadyExistsError):
                obstore.put(self._store, self._key(key), data, mode="create")
        except errors.AlreadyExistsError:
            self._check_same(key, size)
            return False
        self._flush(key)
        return True

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return a part of an object; less where it ends, and nothing behind its end.

        Raises:
            FileNotFoundError: There is no such object.
            StorageTrouble: The store is away.
        """
        obstore = load("obstore")
        try:
            return bytes(
                obstore.get_range(self._store, self._key(key), start=offset, length=length)
            )
        except FileNotFoundError:
            raise
        except Exception as error:
            if "range" in str(error).lower() and offset >= self.size(key):
                return b""
            raise self._away(error) from error

    def pieces(self, key: str, size: int) -> Iterator[bytes]:
        """Yield an object piece by piece; raises as `read` does."""
        for offset in range(0, size, _PIECE_BYTES):
            yield self.read(key, offset, min(_PIECE_BYTES, size - offset))

    def size(self, key: str) -> int:
        """Return the bytes of an object; raises as `read` does."""
        obstore = load("obstore")
        with self._asking(FileNotFoundError):
            return int(obstore.head(self._store, self._key(key))["size"])

    def remove_all(self, folder: str) -> None:
        """Remove every object whose key begins with a folder's name.

        Raises:
            StorageTrouble: The store is away; some may be gone.
        """
        obstore = load("obstore")
        with self._asking():
            for page in obstore.list(self._store, prefix=self._key(folder) + "/"):
                for found in page:
                    with suppress(FileNotFoundError):
                        obstore.delete(self._store, found["path"])

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}"

    def _check_same(self, key: str, size: int) -> None:
        there = self.size(key)
        if there != size:
            raise StorageTrouble(
                f"{self.url} has something else under {self._key(key)}: {there:,} bytes, not"
                f" {size:,}; move it away"
            )

    def _flush(self, key: str) -> None:
        """Make an object of a directory durable; other stores say that it is when they answer."""
        if self._root is None:
            return
        path = self._root / self._key(key)
        for one in (path, *path.relative_to(self._root).parents):
            descriptor = os.open(self._root / one, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextmanager
    def _asking(self, *answers: type[Exception]) -> Generator[None]:
        """Take whatever the library raises, but for answers, for a store that is away."""
        try:
            yield
        except answers:
            raise
        except Exception as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> StorageTrouble:
        return StorageTrouble(f"the artifact store {self.url} does not answer: {_line(error)}")


def _line(error: Exception) -> str:
    """Return what an error says; the library adds many lines for its own authors."""
    return str(error).strip().partition("\n")[0][:300]
