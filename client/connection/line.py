"""What a request and a stream need of their connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.error import StationError, StationUnreachable
    from stationd.proto.jobs_protocol import Reply, Request


class Awaiting(Protocol):
    """Whoever waits for the frames that carry a number."""

    def take(self, reply: Reply, frames: Sequence[bytes]) -> None:
        """Take a reply, and the frames of bulk data that follow it."""
        ...

    def fail(self, error: StationError) -> None:
        """Take note that no more comes."""
        ...

    def send_again(self) -> None:
        """Ask once more: the connection was lost, and is there again."""
        ...


R = TypeVar("R", bound="Reply")


class Asking(Protocol):
    """How to ask the station for something."""

    async def __call__(self, message: Request, answer: type[R], /) -> R:
        """Send a request and return its answer."""
        ...


class Line(Protocol):
    """The sending side of a connection."""

    @property
    def first_wait(self) -> float:
        """How long to wait for a first answer, in seconds."""
        ...

    def begin(self, message: Request, awaiting: Awaiting) -> int:
        """Send a request under a new number and return the number."""
        ...

    def mention(self, message: Request) -> None:
        """Send a message that is not answered."""
        ...

    def forget(self, number: int) -> None:
        """Take no more replies of this number."""
        ...

    async def unreachable(self) -> StationUnreachable:
        """Return the error that says that nobody answers."""
        ...
