"""What operators say of targets, for scripts and notebooks: the twins of `steering.targets`."""

from __future__ import annotations

from stationd.client.blocking.portal import blocking
from stationd.client.steering import targets as asynchronous

pause_target = blocking(asynchronous.pause_target)
drain_target = blocking(asynchronous.drain_target)
resume_target = blocking(asynchronous.resume_target)
reserve = blocking(asynchronous.reserve)
plan_maintenance = blocking(asynchronous.plan_maintenance)
lock_target = blocking(asynchronous.lock_target)
unlock_target = blocking(asynchronous.unlock_target)
drop_reservation = blocking(asynchronous.drop_reservation)
guards = blocking(asynchronous.guards)
target_states = blocking(asynchronous.target_states)
