"""A task that belongs to the event loop and not to whoever happened to start it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_TASKS: Final[set[asyncio.Task[None]]] = set()
"""asyncio itself keeps no hold of its tasks."""


def start_in_background(function: Callable[[], Awaitable[None]]) -> None:
    """Run an async function until it returns, or until the running event loop ends.

    So that functions of a module can share a connection, without a block around all its uses.
    The function must not raise.
    """
    token = anyio.lowlevel.current_token().native_token
    if not isinstance(token, asyncio.AbstractEventLoop):
        import trio  # noqa: PLC0415 - only where trio runs already

        trio.lowlevel.spawn_system_task(function)
        return
    task = token.create_task(_await(function))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def _await(function: Callable[[], Awaitable[None]]) -> None:
    await function()
