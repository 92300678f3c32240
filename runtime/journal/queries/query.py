"""What a question is: a value that travels to the reader and answers itself there."""

from __future__ import annotations

import sqlite3
from typing import Any, ClassVar, Generic, TypeVar

from msgspec import Struct, msgpack

Answer = TypeVar("Answer")

PAGE_BYTES = 4 * 1024 * 1024
"""An answer that may be large ends after this many bytes of bulk; the rest is asked for again."""


class Query(Struct, Generic[Answer], frozen=True, array_like=True):
    """A question about what is committed. Subclasses are tagged, and name their decoder."""

    decoder: ClassVar[msgpack.Decoder[Any]]
    """Reads the encoded answer."""

    def answer(self, database: sqlite3.Connection) -> Answer:
        """Look the answer up. Called in the reader's process, within a transaction."""
        raise NotImplementedError
