"""Every request of the protocol has somebody who answers it."""

# pyright: reportPrivateUsage=false

from typing import get_args

import pytest

from stationd.proto.jobs_protocol import Listen, Request
from tests.runtime.bench import a_bench

pytestmark = pytest.mark.anyio


async def test_every_request_has_an_answer_and_a_listen_alone_has_two() -> None:
    async with a_bench() as bench:
        quick, slow = bench.api._quick.keys(), bench.api._slow.keys()
    assert quick | slow == set(get_args(Request))
    assert quick & slow == {Listen}
