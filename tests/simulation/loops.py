"""Event loops whose time is virtual and whose scheduling is a seed's: trio's own, and asyncio's.

Whoever waits for time does not wait: when nothing else is left to do, the clock jumps.
"""

import asyncio
import importlib
import selectors
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any, Final, Literal, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread
from anyio.lowlevel import checkpoint
from trio.testing import MockClock

T = TypeVar("T")
Backend = Literal["asyncio", "trio"]
BACKENDS: Final[tuple[Backend, ...]] = ("trio", "asyncio")

# Private, and the only way; stable since 2019, and trio's own tests are seeded through them.
_TRIO: Final = vars(importlib.import_module("trio._core._run"))


class Deadlock(Exception):
    """Everybody waits for somebody, and nobody for time."""


class VirtualSelector(selectors.DefaultSelector):  # type: ignore[valid-type, misc, unused-ignore]
    """Lets time pass at once when nothing is ready."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise Deadlock
        if not events and timeout is not None and timeout > 0:
            self.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time that runs what is ready in a seeded order.

    Args:
        seed: Of the order.
    """

    _ready: deque[asyncio.Handle]

    def __init__(self, seed: int) -> None:
        self._virtual = VirtualSelector()
        super().__init__(self._virtual)
        self._order = Random(seed)
        self._numbers: WeakKeyDictionary[asyncio.Future[Any], int] = WeakKeyDictionary()
        self._next_number = count(1)
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        return self._virtual.now

    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **options: Any,  # noqa: ANN401 - whatever this version of Python says of a task
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
        self._numbers[task] = next(self._next_number)
        return task

    def _run_once(self) -> None:
        # Sorted first: some sets of tasks are in the order of addresses.
        ready = sorted(self._ready, key=self._number)
        self._order.shuffle(ready)
        self._ready.clear()
        self._ready.extend(ready)
        super()._run_once()  # type: ignore[misc]

    def _number(self, handle: asyncio.Handle) -> int:
        called: object = getattr(handle, "_callback", None)
        owner: Any = getattr(called, "__self__", None)
        return self._numbers.get(owner, 0) if asyncio.isfuture(owner) else 0


def run(main: Callable[[], Awaitable[None]], backend: Backend, seed: int) -> None:
    """Run an async function to its end in virtual time."""
    if backend == "trio":
        _TRIO["_ALLOW_DETERMINISTIC_SCHEDULING"] = True
        _TRIO["_r"].seed(seed)
        options: dict[str, object] = {"clock": MockClock(autojump_threshold=0)}
    else:
        options = {"loop_factory": lambda: VirtualLoop(seed)}
    with _without_threads():
        anyio.run(main, backend=backend, backend_options=options)


@contextmanager
def _without_threads() -> Generator[None]:
    """Do in the loop what is meant for a thread: when that answered would not be the seed's say."""

    async def inline(function: Callable[..., T], *arguments: object, **_: object) -> T:
        await checkpoint()
        return function(*arguments)

    before = anyio.to_thread.run_sync
    setattr(anyio.to_thread, "run_sync", inline)  # noqa: B010 - it has another signature
    try:
        yield
    finally:
        setattr(anyio.to_thread, "run_sync", before)  # noqa: B010 - as above
