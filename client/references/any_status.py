"""A status of any of the three kinds, as calls take them."""

from __future__ import annotations

from stationd.proto.status import JobExecutorStatus, JobStatusEnum, StatusEnum

AnyStatus = StatusEnum | JobStatusEnum | JobExecutorStatus
"""What can be waited for, and searched for."""


def is_known(status: AnyStatus) -> bool:
    """Whether a status is not one that only a newer station knows."""
    return status.name in type(status).__members__
