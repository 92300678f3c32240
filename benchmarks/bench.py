"""What every measurement is given: the daemon's event loop, the sizes, and the limits."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.echo import Echo
from benchmarks.size import Size

from benchmarks import plain_sqlite


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run of the benchmark."""

    backend: str
    """Of the daemon; asyncio runs on uvloop."""
    size: Size
    echo: Echo
    """Plain ZeroMQ."""
    commit_ms: float
    """One row, durable in plain SQLite."""

    @property
    def round_trip_ms(self) -> float:
        """A message and its answer, in plain ZeroMQ."""
        return self.echo["round_trip_us"] / 1e3

    def jobs_per_second(self, records: float, batch: float, messages: int) -> float:
        """Return how many jobs a second the machine gives without us.

        Args:
            records: Rows that each job writes.
            batch: Rows of a commit.
            messages: Sent and received for each job, at least.
        """
        stored = plain_sqlite.rows_per_second(round(batch)) / max(records, 1.0)
        # Every answer of the echo is two messages.
        return min(stored, 2 * self.echo["messages_per_s"] / messages)
