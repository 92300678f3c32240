"""What has become of a stage, and what goes into the journal with it."""

from __future__ import annotations

from stationd.actors.ladder import Event
from stationd.runtime.journal.records import Record

Outcome = tuple[Event, list[Record]]
"""The event for the job, and the records of the same transaction."""
