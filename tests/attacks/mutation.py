"""Bytes gone wrong. The same chance gives the same bytes."""

from random import Random

_NASTY = (
    b"",
    b"\x00",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",  # a map of 2**32 - 1 entries
    b"\xdd\xff\xff\xff\xff",  # an array of as many
    b"\xc6\xff\xff\xff\xff",  # as many bytes
    b"\xdb\xff\xff\xff\xff",  # as many characters
    b"\x91" * 200,  # arrays in arrays
    b"\xc1",  # nothing at all
    b"\xd9\x02\xc3\x28",  # no UTF-8
    b"../../../../etc/passwd\x00",
)


def mutated(data: bytes, chance: Random) -> bytes:
    """Return bytes with one to five things wrong."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        chance.choice(_WAYS)(found, chance)
    return bytes(found)


def _flip(data: bytearray, chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _replace(data: bytearray, chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _insert(data: bytearray, chance: Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(_NASTY)


def _overwrite(data: bytearray, chance: Random) -> None:
    nasty = chance.choice(_NASTY)
    at = chance.randint(0, len(data))
    data[at : at + len(nasty)] = nasty


def _cut(data: bytearray, chance: Random) -> None:
    begin = chance.randint(0, len(data))
    del data[begin : begin + chance.randint(0, 1 + len(data) // 4)]


def _repeat(data: bytearray, chance: Random) -> None:
    begin = chance.randint(0, len(data))
    piece = data[begin : begin + chance.randint(0, 64)]
    data[begin:begin] = piece * chance.randint(1, 50)


def _end_early(data: bytearray, chance: Random) -> None:
    del data[chance.randint(0, len(data)) :]


_WAYS = (_flip, _flip, _replace, _insert, _overwrite, _cut, _repeat, _end_early)
