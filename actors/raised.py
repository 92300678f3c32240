"""What other people's code has raised, in words that can be stored, sent and read."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 2_000
"""Characters of what an exception says: some repeat a whole answer of an instrument."""


def in_words(error: BaseException) -> str:
    r"""Return the kind of an exception and what it says, whatever that is. Never raises.

    >>> in_words(ValueError("no such port")), in_words(OSError("\udcff"))
    ('ValueError: no such port', 'OSError: \\udcff')
    """
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an exception may be as broken as what raises it
        said = "what it says cannot be had"
    # Half of a surrogate pair, as in names of files, has no place in a message or in a database.
    said = said[:LONGEST].encode("utf-8", "backslashreplace").decode()
    return f"{type(error).__name__}: {said}"
