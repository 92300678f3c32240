"""Text from outside, made harmless for whoever reads it line by line or on a terminal; pure."""

from __future__ import annotations

import re
from typing import Final

# Control characters, line separators, what turns the direction of writing around, and halves of
# surrogate pairs, which no encoding takes.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escaped(text: str) -> str:
    r"""Return a text without what could begin another line or speak to a terminal.

    >>> escaped("qpu\n2026-01-01 all is well \x1b[2J")
    'qpu\\n2026-01-01 all is well \\x1b[2J'
    """
    return text if text.isprintable() else _UNSAFE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    number = ord(character)
    form = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004 - a byte
    return _SHORT.get(character, form)
