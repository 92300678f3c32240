"""The one background thread in which the synchronous calls of a process are carried out.

It has an event loop of its own, so that calls work in a notebook, whose loop is running, and
from several threads at a time. It starts with the first call and ends with the process.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, suppress
from functools import partial, wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from stationd.client.connection import shared
from stationd.client.projects import context
from stationd.proto.error import StationError

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_LOOK: Final = 0.5
"""Seconds after which Ctrl-C is noticed at the latest."""
THREAD: Final = "stationd-client"
"""The thread's name, for people who look at threads."""


class _Background:
    """The thread, once it runs.

    Rule. It is started by a thread that Ctrl-C does not reach: whoever waits for it may be
          interrupted, and the next one finds it all the same. Interrupted itself, the start would
          wait for ever for what it has started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: Future[BlockingPortal] | None = None
        self._stack = ExitStack()
        self._lost: list[ExitStack] = []

    def portal(self) -> BlockingPortal:
        with self._lock:
            started = self._started or self._starting()
        return started.result()

    def stop(self, *, for_good: bool = False) -> None:
        with self._lock:
            started, self._started = self._started, None
            if started is not None:
                portal = started.result()
                portal.call(shared.close)
                if for_good:
                    # Of a call that was interrupted while it was handed over, nobody has ended
                    # the function, and the process would wait for it.
                    portal.call(portal.stop, True)  # noqa: FBT003 - whether to cancel
                self._stack.close()

    def forget(self) -> None:
        """After a fork: the thread has stayed with the parent."""
        # Kept, since letting go of it would wait for the thread to end.
        self._lost.append(self._stack)
        self._lock = threading.Lock()
        self._started = None
        self._stack = ExitStack()

    def _starting(self) -> Future[BlockingPortal]:
        started: Future[BlockingPortal] = Future()
        starter = threading.Thread(target=self._start, args=(started,), daemon=True)
        self._started = started
        try:
            starter.start()
        finally:
            if starter.ident is None:
                self._started = None
        return started

    def _start(self, started: Future[BlockingPortal]) -> None:
        try:
            made = start_blocking_portal("asyncio", name=THREAD)
            started.set_result(self._stack.enter_context(made))
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            self._started = None
            started.set_exception(error)


_BACKGROUND: Final = _Background()
atexit.register(_BACKGROUND.stop, for_good=True)
os.register_at_fork(after_in_child=_BACKGROUND.forget)


def call(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Carry out an async function in the background and return what it returns.

    Whatever interrupts the wait, such as Ctrl-C, ends the function too.
    """
    __tracebackhide__ = True
    future = _BACKGROUND.portal().start_task_soon(partial(function, *args, **kwargs))
    try:
        return _result(future)
    except StationError as error:
        # It says what to do; where in the background it came up says nothing to who has called.
        raise error.with_traceback(None)  # noqa: B904 - it is the same one
    except BaseException:
        future.cancel()
        raise


def _result(future: Future[T]) -> T:
    """Wait for a result, and be woken by Ctrl-C wherever it strikes.

    A signal that comes just before Python begins to wait for a lock, or that another thread is
    given, does not end that wait; so it is begun anew now and then.
    """
    while True:
        try:
            return future.result(_LOOK)
        except TimeoutError:
            if future.done():
                # That was the function's own, or it has ended just now.
                return future.result()


class Closable(Protocol[T_co]):
    """What can be iterated over, and closed before its end."""

    def __aiter__(self) -> AsyncIterator[T_co]:
        """Return what yields the items."""
        ...

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Yield no more."""
        ...


def blocking(function: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """Return the twin of an async function that waits: the same signature and documentation."""

    @wraps(function)
    def waits(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        with context.pinned():
            return call(function, *args, **kwargs)

    return waits


def iterate(items: Closable[T]) -> Iterator[T]:
    """Yield what an async generator yields, which runs in the background."""
    try:
        while (batch := call(_following, items)) is not None:
            yield batch[0]
    finally:
        # In the background itself, where a garbage collection may close us, the loop's own
        # hook closes the generator.
        with suppress(RuntimeError, CancelledError):
            call(items.aclose)


def stop() -> None:
    """Close the connection and end the thread. The next call starts it again."""
    _BACKGROUND.stop()


async def _following(items: Closable[T]) -> tuple[T] | None:
    # In a tuple, since a future cannot hold the exception that ends an iteration.
    async for item in items:
        return (item,)
    return None
