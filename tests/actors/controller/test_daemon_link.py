"""A controller's connection over a network: which key, and what becomes of a refusal."""

from contextlib import closing
from functools import partial

import anyio
import pytest
import zmq

from stationd.actors.controller import daemon_link
from stationd.actors.controller.daemon_link import DaemonLink, dial
from stationd.proto.curve import Credentials, new_pair
from stationd.proto.socket import bind
from stationd.runtime.security.access import Access
from stationd.runtime.security.gate import open_gate
from stationd.runtime.security.register import INSTRUMENTS, Refusal, Register

pytestmark = pytest.mark.anyio

STATION, QPU = new_pair(), new_pair()


async def test_a_controller_that_was_refused_dials_again_and_says_why_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(daemon_link, "_REDIAL_SECONDS", 0.001)
    access, greeted, refused = Access(Register()), anyio.Event(), anyio.Event()
    refusals: list[Refusal] = []

    def note(refusal: Refusal) -> None:
        refusals.append(refusal)
        if len(refusals) == 3:
            refused.set()

    async with open_gate(access, STATION, note) as gate:
        with bind(zmq.ROUTER, "tcp://127.0.0.1:*", gate.guard(INSTRUMENTS)) as router:
            redial = partial(dial, router.endpoint, Credentials(STATION.public, QPU))
            link = DaemonLink(
                *redial(),
                endpoint=router.endpoint,
                redial=redial,
                beat_interval=1000,
                monotonic=lambda: 0.0,
                say_hello=greeted.set,
            )
            with closing(link), anyio.fail_after(60):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(link.watch)
                    tasks.start_soon(link.receive)
                    await refused.wait()
                    access.replace(Register(controllers={QPU.public: "qpu"}))
                    await greeted.wait()
                    tasks.cancel_scope.cancel()
    told = [one.message for one in caplog.records if one.name == daemon_link.__name__]
    assert len(told) == 1
    assert "refuses the key" in told[0]
    assert "[controllers.NAME] keys" in told[0]
