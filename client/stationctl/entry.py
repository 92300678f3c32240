"""Where the command `stationctl` begins."""

from __future__ import annotations

from stationd.client.stationctl.interruption import end_at_once


def main() -> None:
    """Run the command that was typed."""
    end_at_once()
    from stationd.client.stationctl.cli import main as stationctl  # noqa: PLC0415 - after that

    stationctl()
