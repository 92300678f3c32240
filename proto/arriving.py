"""Replies as a client reads them: facts of a stream are decoded when somebody looks at them.

Who listens to everything is told many thousand facts a second, and may look at few of them; how
many there are and which come first and last is known without decoding the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, Union, cast, get_args, overload

import msgspec
from msgspec import Raw, Struct

from stationd.proto import jobs_protocol
from stationd.proto.codec import Codec
from stationd.proto.error import ProtocolViolation
from stationd.proto.jobs_protocol import Events, FeedEvent, Reply
from stationd.proto.newer import statuses_of_newer_peers


class ArrivingEvents(Struct, frozen=True, array_like=True, tag=Events.__struct_config__.tag):
    """`Events` as they are read: each is left as it came."""

    request: int
    events: list[Raw]


_OTHERS: Final = tuple(kind for kind in get_args(Reply) if kind is not Events)
_ARRIVING: Final[Codec[Reply | ArrivingEvents]] = Codec(
    jobs_protocol.PROTOCOL,
    jobs_protocol.VERSION,
    Union[(*_OTHERS, ArrivingEvents)],
    lenient=True,
)
_decode: Final[Callable[[Raw], FeedEvent]] = msgspec.msgpack.Decoder(FeedEvent).decode


class EventList(Sequence[FeedEvent]):
    """Facts in the order of the feed.

    Looking at one may raise `ProtocolViolation`, if it makes no sense.

    Args:
        events: As they came, or decoded.
    """

    __slots__ = ("_events",)

    def __init__(self, events: list[Raw | FeedEvent]) -> None:
        self._events = events

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> FeedEvent: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FeedEvent]: ...
    def __getitem__(self, index: int | slice) -> FeedEvent | Sequence[FeedEvent]:
        if isinstance(index, slice):
            return EventList(self._events[index])
        event = self._events[index]
        if isinstance(event, Raw):
            event = self._events[index] = _decoded(event)
        return event

    def __iter__(self) -> Iterator[FeedEvent]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EventList | tuple):
            return NotImplemented
        return tuple(self) == tuple(cast("Sequence[object]", other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(tuple(self))


def reply_in(frame: bytes | memoryview) -> Reply:
    """Read a reply; the facts of `Events` are an `EventList`.

    Raises:
        ProtocolViolation: The frame is not of the jobs protocol, or malformed.
        UnsupportedVersion: It is of another major version.
    """
    reply = _ARRIVING.decode(frame)
    if not isinstance(reply, ArrivingEvents):
        return reply
    # Whoever reads them cannot tell them from a tuple.
    events: Any = EventList(cast("list[Raw | FeedEvent]", reply.events))
    return Events(reply.request, events)


def _decoded(event: Raw) -> FeedEvent:
    try:
        return _decode(event)
    except (ValueError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError):
            with suppress(ValueError, RecursionError), statuses_of_newer_peers():
                return _decode(event)
        raise ProtocolViolation(f"malformed event: {error}") from error
