"""A lost connection is tried again soon, then less often, and not by all at the same time."""

import random

import pytest
import zmq

from stationd.proto import transport
from stationd.proto.transport import configured, reconnect_pauses, shared_context

DRAWN = [reconnect_pauses(random.Random(seed)) for seed in range(200)]


def test_the_pause_grows_up_to_a_bound() -> None:
    assert all(40 <= first <= 60 and 400 <= longest <= 600 for first, longest in DRAWN)


def test_no_two_of_many_clients_are_likely_to_keep_time() -> None:
    assert len(set(DRAWN)) > 150


def test_the_same_chance_gives_the_same_pauses() -> None:
    assert reconnect_pauses(random.Random(7)) == reconnect_pauses(random.Random(7))


def test_a_socket_keeps_to_what_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(_: random.Random) -> tuple[int, int]:
        return 41, 401

    monkeypatch.setattr(transport, "reconnect_pauses", drawn)
    inner = configured(zmq.DEALER, shared_context())
    try:
        assert inner.getsockopt(zmq.RECONNECT_IVL) == 41
        assert inner.getsockopt(zmq.RECONNECT_IVL_MAX) == 401
    finally:
        inner.close()
