"""Whether anybody reads what a command prints: `| head` goes when it has seen enough.

A command that prints would notice with its next line. One that waits for something to print
would wait on, for nobody.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

import anyio

P = ParamSpec("P")
T = TypeVar("T")


async def while_read(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Carry out an async function for as long as the standard output may be read.

    Raises:
        ExceptionGroup: Of a `BrokenPipeError`, when nobody reads it any more; or of what the
            function has raised.
    """
    pipe = _pipe()
    if pipe is None:
        return await function(*args, **kwargs)
    found: list[T] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_until_unread, pipe)
        found.append(await partial(function, *args, **kwargs)())
        tasks.cancel_scope.cancel()
    return found[0]


def print_no_more() -> None:
    """Let what is still to be printed, at the end of the process too, go nowhere."""
    # A standard output that is no file is a test's.
    with suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _pipe() -> int | None:
    """Return the standard output if it is a pipe: a terminal says by a signal that it is gone."""
    with suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return descriptor
    return None


async def _until_unread(pipe: int) -> None:
    # There is never anything to read at this end, so this waits for the other end to be closed.
    await anyio.wait_readable(pipe)
    raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
