"""A controller from its ledger to its end: opened, run until somebody ends it, closed."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from stationd.actors.controller import garbage
from stationd.actors.controller.controller import Controller
from stationd.actors.controller.daemon_link import dial
from stationd.actors.controller.installed import OURS, versions
from stationd.actors.ledger.ledger import Ledger

if TYPE_CHECKING:
    from stationd.actors.controller.job_lines import JobLines
    from stationd.actors.controller.settings import ControllerSettings
    from stationd.proto.error import StationError

_log = logging.getLogger(__name__)


async def run_controller(
    settings: ControllerSettings, *, handle_signals: bool = True, log: JobLines | None = None
) -> None:
    """Run a controller until SIGTERM, SIGINT or the daemon ends it.

    Args:
        settings: What it must know.
        handle_signals: False for a controller beside others in one process, which is then ended
            by the daemon or by cancelling it.
        log: Lines that are to be reported to the daemon; None for none.

    Raises:
        StationError: The state directory is in use (code ALREADY_RUNNING), the endpoint is
            malformed, or the driver could not be started.
    """
    ledger = await anyio.to_thread.run_sync(Ledger, Path(settings.state))
    installed = await anyio.to_thread.run_sync(versions, settings.driver)
    failure: StationError | None = None
    try:
        socket, monitor = dial(settings.endpoint, settings.credentials)
        with socket, monitor:
            controller = Controller(
                settings,
                ledger,
                socket,
                monitor,
                release=installed[OURS],
                versions=installed,
                log=log,
            )
            async with anyio.create_task_group() as tasks:
                if handle_signals:
                    tasks.start_soon(_stop_on_signals, controller)
                    tasks.start_soon(garbage.settle, controller.ready)
                failure = await controller.run()
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(ledger.close)
    if failure is not None:
        raise failure


async def _stop_on_signals(controller: Controller) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            _log.info("received %s: stopping", number.name)
            controller.stop()
