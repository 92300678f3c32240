"""Jobs in the queue, for scripts and notebooks: the twins of `steering.queue`."""

from __future__ import annotations

from stationd.client.blocking.portal import blocking
from stationd.client.steering import queue as asynchronous

hold = blocking(asynchronous.hold)
release = blocking(asynchronous.release)
reprioritise = blocking(asynchronous.reprioritise)
move_before = blocking(asynchronous.move_before)
why = blocking(asynchronous.why)
queue = blocking(asynchronous.queue)
