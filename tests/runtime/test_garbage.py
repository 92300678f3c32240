"""Cycles are looked for among a few objects at a time; those that survive, when all is quiet."""

import gc
import weakref
from collections.abc import Iterator

import anyio
import pytest

from stationd.runtime import garbage
from tests.runtime.bench import until


class Node:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks[:] = callbacks
    gc.freeze()


def test_a_cycle_that_nobody_holds_is_found_after_some_thousand_objects() -> None:
    garbage.settle()
    lost = weakref.ref(Node())
    # Whoever asks for the object holds it for a moment, in which Python might look.
    held = [[0] for _ in range(2 * garbage.YOUNG)]
    assert lost() is None
    del held


def test_a_start_during_which_nothing_was_looked_for_ends_with_it() -> None:
    gc.disable()
    try:
        garbage.settle()
        assert gc.isenabled()
    finally:
        gc.enable()


def test_what_a_start_has_made_is_not_looked_through() -> None:
    lost = weakref.ref(Node())
    garbage.settle()
    gc.collect()
    assert lost() is not None


def test_what_survives_is_not_looked_through_again() -> None:
    garbage.settle()
    before = gc.get_freeze_count()
    held = [[0] for _ in range(4 * garbage.YOUNG)]
    assert gc.get_freeze_count() >= before + 3 * garbage.YOUNG
    assert len(gc.get_objects(generation=2)) < garbage.YOUNG
    del held


@pytest.mark.anyio
@pytest.mark.parametrize("idle", [True, False])
async def test_a_cycle_of_survivors_is_found_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
    idle: bool,  # noqa: FBT001 - a parameter
) -> None:
    monkeypatch.setattr(garbage, "REST_SECONDS", 0.0)
    node = Node()
    garbage.settle()
    lost = weakref.ref(node)
    del node
    gc.collect()
    assert lost() is not None
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(garbage.look_through, lambda: idle)
            await until(lambda: lost() is None)
            tasks.cancel_scope.cancel()
