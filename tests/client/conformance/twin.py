"""The jobs API as these tests call it: the synchronous one, or the asynchronous one, by turns.

The tests are written, and type-checked, against `stationd.jobs`. In its second turn each of them
runs against `stationd.aio.jobs`: a call is carried out, and waited for, in another event loop.
References are the flavor's own, so a test asks `jobs.download_result(ref)` for a result.
"""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from anyio.from_thread import BlockingPortal

from stationd import aio
from stationd import jobs as synchronous
from stationd.client.projects import context

Seen = Any  # whatever the twin hands out: the tests' own types are those of `stationd.jobs`


class Twin:
    """A module of the asynchronous API, as a synchronous test sees it.

    Args:
        portal: To the event loop where it is carried out.
        module: The module.
    """

    def __init__(self, portal: BlockingPortal, module: ModuleType = aio.jobs) -> None:
        self._portal = portal
        self._module = module

    def __getattr__(self, name: str) -> Seen:
        found = getattr(self._module, name)
        if isinstance(found, ModuleType):
            return Twin(self._portal, found)
        return found if isinstance(found, type) else _Waiting(self._portal, found)


class _Waiting:
    """An asynchronous function, or what one handed out, of which every call is waited for."""

    def __init__(self, portal: BlockingPortal, inner: Seen) -> None:
        self._portal = portal
        self._inner = inner

    def __call__(self, *args: object, **kwargs: object) -> Seen:
        found = self._inner(*args, **kwargs)
        if inspect.iscoroutine(found):
            with context.pinned():
                return self._portal.call(_awaited, found)
        if isinstance(found, aio.jobs.JobSearch | aio.jobs.Listening):
            return _Waiting(self._portal, found)
        return found

    def __getattr__(self, name: str) -> Seen:
        # The only name that differs: an asynchronous end is called so all over Python.
        name = "aclose" if name == "close" else name
        return _Waiting(self._portal, getattr(self._inner, name))

    def __iter__(self) -> Iterator[Seen]:
        items = aiter(self._inner)
        while True:
            try:
                yield self._portal.call(_awaited, anext(items))
            except StopAsyncIteration:
                return


class _Turn:
    """Whichever flavor's turn it is."""

    flavor: Seen = synchronous

    def __getattr__(self, name: str) -> Seen:
        return getattr(self.flavor, name)


async def _awaited(one: Seen) -> Seen:
    return await one


TURN = _Turn()

if TYPE_CHECKING:
    from stationd import jobs as jobs  # noqa: PLC0414 - for whoever imports it from here
else:
    jobs = TURN
