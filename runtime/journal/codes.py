"""What stands in the tables as a small number: statuses, kinds of jobs, kinds of terms.

These numbers are on disks out there: nothing is ever renumbered.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, get_args

from stationd.proto.job import JobKind
from stationd.proto.status import JobExecutorStatus

STATUS_CODES: Final[Mapping[str, int]] = MappingProxyType(
    {status.value: code for code, status in enumerate(JobExecutorStatus, 1)}
)
"""By the status's value; RECEIVED is 1, ABORTED is 18."""
CODES: Final = tuple(STATUS_CODES[status.value] for status in JobExecutorStatus)
"""The same by the status's rung: a lookup by value goes through Python code."""
STATUSES: Final[Mapping[int, JobExecutorStatus]] = MappingProxyType(
    dict(enumerate(JobExecutorStatus, 1))
)
KINDS: Final[tuple[JobKind, ...]] = get_args(JobKind)
"""A kind's code is its place."""
KIND_CODES: Final[Mapping[JobKind, int]] = MappingProxyType(
    {kind: code for code, kind in enumerate(KINDS)}
)


class Term(IntEnum):
    """What a term is about: a word that many jobs have in common, and are found by."""

    TARGET = 1
    CREATOR = 2
    PROJECT = 3
    NAME = 4
    PROPERTY = 5
    """``key=value``, see `property_term`."""
    KIND = 6
    END = 7
    """The code of a terminal status; counted, but not in the index of tags."""
    CALIBRATION = 8
    """The id of a calibration set; neither counted nor in the index of tags."""
