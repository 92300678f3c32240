"""Where jobs stand, as the journal has it and as the daemon says.

A rung that takes no time is stored in one transaction with the rung after it, so no job is ever
found there. It is passed: while the writer is held still, the daemon's own metrics tell how many
jobs have left a stage, and the journal how many of them are on disk; the difference is on its
way between the two. The same goes for the statuses that end a job.
"""

import re
import sqlite3
import urllib.request
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.journal.codes import STATUSES

PASSED: Mapping[S, S] = {
    S.RECEIVED: S.RECEIVED,
    S.VALIDATION_ENDED: S.VALIDATION_STARTED,
    S.FETCH_CALIBRATION_ENDED: S.FETCH_CALIBRATION_STARTED,
    S.COMPILATION_ENDED: S.COMPILATION_STARTED,
    S.SAVE_SWEEP_METADATA_STARTED: S.SAVE_SWEEP_METADATA_STARTED,
    S.SAVE_SWEEP_METADATA_ENDED: S.SAVE_SWEEP_METADATA_STARTED,
    S.EXECUTION_ENDED: S.EXECUTION_STARTED,
    S.POST_PROCESSING_PENDING: S.EXECUTION_STARTED,
    S.POST_PROCESSING_ENDED: S.POST_PROCESSING_STARTED,
}
"""Rungs on which no job is ever found, and the stage that a job on its way past them has left."""

STAGES: Mapping[str, S] = {
    "validation": S.VALIDATION_STARTED,
    "fetch_calibration": S.FETCH_CALIBRATION_STARTED,
    "compilation": S.COMPILATION_STARTED,
    "save_sweep_metadata": S.SAVE_SWEEP_METADATA_STARTED,
    "execution": S.EXECUTION_STARTED,
    "post_processing": S.POST_PROCESSING_STARTED,
}
"""The metrics' names of the stages in `PASSED`."""

_STANDING = "SELECT status, count(*) FROM jobs WHERE ended IS NULL GROUP BY status"
_STRIDES = """
SELECT before.status, fact.passed, fact.status, count(*) FROM facts AS fact
LEFT JOIN facts AS before ON before.number = fact.number
  AND before.ordinal = fact.ordinal - coalesce(length(fact.passed), 0) - 1
WHERE fact.time_unix_s >= ? GROUP BY before.status, fact.passed, fact.status"""
"""From where to where jobs have come at once, and how many."""
_ENDED = """
SELECT status, count(*) FROM facts
WHERE time_unix_s >= ? AND status IN (16, 17, 18) GROUP BY status"""
_CAME_IN = """
SELECT count(*) FROM facts WHERE time_unix_s >= ?
AND 2 BETWEEN ordinal - coalesce(length(passed), 0) AND ordinal"""
_SAMPLE = re.compile(
    r'^stationd_(stage_seconds_count|jobs_ended_total)\{\w+="(\w+)"\} (\S+)$', re.MULTILINE
)
_RECEIVED = re.compile(
    r'^stationd_(?:jobs_received_total|jobs\{status="received"\}) (\S+)$', re.MULTILINE
)
"""Those that have been stored, and those that are being stored, with their first steps."""


class Counts(NamedTuple):
    """How many jobs a daemon has taken out of each stage, and to each end, since it started."""

    left: Counter[S]
    ended: Counter[S]


def standing(database: Path) -> Counter[S]:
    """Return how many unfinished jobs stand on each rung, on disk."""
    with closing(_opened(database)) as connection:
        return _counted(connection, _STANDING)


def on_disk(database: Path, since_unix_s: float) -> Counts:
    """Return what the journal has of a daemon that was started at some time."""
    with closing(_opened(database)) as connection:
        ended = _counted(connection, _ENDED, since_unix_s)
        left: Counter[S] = Counter()
        for before, passed, status, count in connection.execute(_STRIDES, (since_unix_s,)):
            stood = [code for code in (before, *(passed or b""), status) if code is not None]
            for one, following in pairwise(stood):
                left[STATUSES[one]] += count if one != following else 0
        # Without those that began once more: of them the daemon says nothing.
        (left[S.RECEIVED],) = connection.execute(_CAME_IN, (since_unix_s,)).fetchone()
        return Counts(left, ended)


def in_memory(metrics_url: str) -> Counts:
    """Return what the daemon says of itself."""
    with urllib.request.urlopen(metrics_url, timeout=2.0) as answer:
        text = answer.read().decode()
    counts = Counts(Counter(), Counter())
    for metric, label, value in _SAMPLE.findall(text):
        if metric == "jobs_ended_total":
            counts.ended[S(label)] = round(float(value))
        elif label in STAGES:
            counts.left[STAGES[label]] = round(float(value))
    counts.left[S.RECEIVED] = round(sum(map(float, _RECEIVED.findall(text))))
    return counts


def newest_fact(database: Path) -> int:
    """Return the sequence number of the newest fact, 0 if there is none."""
    with closing(_opened(database)) as connection:
        (newest,) = connection.execute("SELECT coalesce(max(seq), 0) FROM facts").fetchone()
        return int(newest)


def under_way(memory: Counts, disk: Counts) -> Counter[S]:
    """Return how many jobs are surely on their way past the rungs on which none is found.

    Args:
        memory: What the daemon said while the writer was held still.
        disk: What the journal had after that.
    """
    ended = memory.ended - disk.ended
    # These may have left a stage by failing, and not by passing on.
    otherwise = ended[S.FAILED] + ended[S.ABORTED]
    left = memory.left - disk.left
    passing = {rung: left[stage] - otherwise for rung, stage in PASSED.items()}
    return +Counter(passing) + ended


def _counted(connection: sqlite3.Connection, query: str, *values: float) -> Counter[S]:
    return Counter({STATUSES[status]: count for status, count in connection.execute(query, values)})


def _opened(database: Path) -> sqlite3.Connection:
    # One that stays open would keep the next daemon from meeting the journal as it was left.
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5.0)
