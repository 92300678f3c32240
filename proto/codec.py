"""Messages to bytes and back, for both protocols.

Rule 1. A message is one frame: three bytes that name the protocol, one each for the major and
        minor version, then a msgpack array that starts with the message's tag. Bulk data may
        follow in further frames.
Rule 2. A newer minor version is understood: what we do not know yet is skipped. Another major
        version is refused, and the error names both.
Rule 3. A client reads a reply a second time if need be, with open eyes for statuses that it does
        not know; the daemon knows all there are.
Rule 4. Decoding never raises anything but `ProtocolViolation` and `UnsupportedVersion`,
        whatever the bytes are, and takes no more memory than a multiple of their length.
        That is bounded by the socket before we see them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from struct import Struct
from typing import Any, Final, Generic, TypeVar

import msgspec

from stationd.proto import instruments_protocol, jobs_protocol
from stationd.proto.error import (
    MessageTooLarge,
    ProtocolViolation,
    RequestError,
    UnsupportedVersion,
)
from stationd.proto.instruments_protocol import MOST_IN_BATCH
from stationd.proto.newer import statuses_of_newer_peers

T = TypeVar("T")

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""The largest frame that either side accepts; sockets drop a peer that sends a larger one."""

_HEADER_BYTES: Final = 5


def plain(value: object) -> object:
    """Return numpy's scalars and arrays as plain values; an `enc_hook`.

    Raises:
        TypeError: It is something else.
    """
    # Whoever writes a sweep has the numbers from numpy; its scalars and arrays know how.
    to_list = getattr(value, "tolist", None)
    if to_list is None:
        raise TypeError(f"a {type(value).__name__} has no place in a message")
    return to_list()


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=plain)


class Codec(Generic[T]):
    """Encodes one protocol's messages of one direction.

    Args:
        protocol: The three bytes that name the protocol.
        version: Major and minor version that we speak.
        union: The closed union of messages.
        lenient: Read statuses that only a newer peer knows, too.
    """

    def __init__(
        self,
        protocol: bytes,
        version: tuple[int, int],
        union: Any,  # noqa: ANN401 - a type form, which has no type of its own before Python 3.15
        *,
        lenient: bool = False,
    ) -> None:
        self._protocol = protocol
        self._version = version
        self._header = protocol + bytes(version)
        self._union = union
        self._lenient = lenient

    @cached_property
    def _decoder(self) -> msgspec.msgpack.Decoder[T]:
        # It takes milliseconds to make, and neither side of a protocol reads what it sends.
        return msgspec.msgpack.Decoder(self._union)

    def encode(self, message: T) -> bytes:
        """Return the frame of a message. Numpy's scalars and arrays become plain values.

        Raises:
            RequestError: The message holds what cannot be sent, such as an integer of more than
                64 bits.
            MessageTooLarge: The frame would exceed `MAX_FRAME_BYTES`.
        """
        name = type(message).__name__
        try:
            frame = self._header + _ENCODER.encode(message)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise RequestError(f"this {name} message cannot be sent: {error}") from error
        if len(frame) > MAX_FRAME_BYTES:
            raise MessageTooLarge(
                f"the {name} message takes {len(frame):,} bytes; at most {MAX_FRAME_BYTES:,} fit"
                " into one: send less at a time"
            )
        return frame

    def decode(self, frame: bytes | memoryview) -> T:
        """Read a frame.

        Raises:
            ProtocolViolation: The frame is not of this protocol, or malformed.
            UnsupportedVersion: It is of another major version.
        """
        header = bytes(frame[:_HEADER_BYTES])
        if header != self._header:
            self._check_header(header)
        body = memoryview(frame)[_HEADER_BYTES:]
        try:
            return self._decoder.decode(body)
        except (ValueError, RecursionError) as error:
            # Deep nesting raises RecursionError, bad UTF-8 a plain ValueError.
            if self._lenient and isinstance(error, msgspec.ValidationError):
                with suppress(ValueError, RecursionError), statuses_of_newer_peers():
                    return self._decoder.decode(body)
            raise ProtocolViolation(f"malformed message: {error}") from error

    def joined(self, frames: Sequence[bytes], tag: int) -> Iterator[bytes]:
        """Yield frames that hold the messages of given ones, in the same order.

        What is encoded already is not encoded again: a busy side sends many small messages.

        Args:
            frames: One message each, as `encode` returns them.
            tag: Of the message whose only field is a list of messages.
        """
        for batch in _batches(frames):
            if len(batch) == 1:
                yield batch[0]
            else:
                bodies = b"".join([frame[_HEADER_BYTES:] for frame in batch])
                yield self._header + _BATCH.pack(_PAIR, tag, _LIST, len(batch)) + bodies

    def _check_header(self, header: bytes) -> None:
        if len(header) < _HEADER_BYTES or header[:3] != self._protocol:
            ours = self._protocol.decode("ascii")
            raise ProtocolViolation(f"not a frame of the protocol {ours!r}: starts with {header!r}")
        major, minor = header[3], header[4]
        if major != self._version[0]:
            raise UnsupportedVersion(
                f"the peer speaks version {major}.{minor} of the protocol"
                f" {self._protocol.decode('ascii')!r}, we speak"
                f" {self._version[0]}.{self._version[1]}: update the older side"
            )


_BATCH: Final = Struct(">BBBH")
# In msgpack: an array of two; an array whose length follows in two bytes. A tag is one byte.
_PAIR: Final = 0x92
_LIST: Final = 0xDC
_BATCH_BYTES: Final = 64 * 1024
"""Larger messages travel alone, or nearly so: joining them would only copy them."""


def _batches(frames: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    begin = size = 0
    for index, frame in enumerate(frames):
        full = size + len(frame) > _BATCH_BYTES or index - begin == MOST_IN_BATCH
        if full and index > begin:
            yield frames[begin:index]
            begin, size = index, 0
        size += len(frame)
    if begin < len(frames):
        yield frames[begin:]


REQUESTS: Final[Codec[jobs_protocol.Request]] = Codec(
    jobs_protocol.PROTOCOL, jobs_protocol.VERSION, jobs_protocol.Request
)
REPLIES: Final[Codec[jobs_protocol.Reply]] = Codec(
    jobs_protocol.PROTOCOL, jobs_protocol.VERSION, jobs_protocol.Reply, lenient=True
)
REPORTS: Final[Codec[instruments_protocol.Report]] = Codec(
    instruments_protocol.PROTOCOL, instruments_protocol.VERSION, instruments_protocol.Report
)
COMMANDS: Final[Codec[instruments_protocol.Command]] = Codec(
    instruments_protocol.PROTOCOL, instruments_protocol.VERSION, instruments_protocol.Command
)


def reports_in(frame: bytes | memoryview) -> tuple[instruments_protocol.OneReport, ...]:
    """Read a frame of a controller: one report, or several.

    Raises:
        ProtocolViolation: The frame is not of this protocol, or malformed.
        UnsupportedVersion: It is of another major version.
    """
    report = REPORTS.decode(frame)
    return report.reports if isinstance(report, instruments_protocol.Reports) else (report,)


def commands_in(frame: bytes | memoryview) -> tuple[instruments_protocol.OneCommand, ...]:
    """Read a frame of the daemon for a controller, as `reports_in` does."""
    command = COMMANDS.decode(frame)
    return command.commands if isinstance(command, instruments_protocol.Commands) else (command,)


class _Numbered(msgspec.Struct, array_like=True):
    """What all requests have in common, whatever follows."""

    tag: int
    request: jobs_protocol.RequestNumber


_NUMBERED: Final = msgspec.msgpack.Decoder(_Numbered)


def request_number(frame: bytes | memoryview) -> int:
    """Return the request number of a frame that is malformed otherwise; 0 if it has none.

    So that a client learns which of its requests was refused.
    """
    try:
        return _NUMBERED.decode(memoryview(frame)[_HEADER_BYTES:]).request
    except (ValueError, RecursionError):
        return 0
