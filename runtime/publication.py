"""Results in another store, if the configuration names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.work.publishing import Publishing

if TYPE_CHECKING:
    from stationd.runtime.live import LiveJob
    from stationd.runtime.station import Station


def publishing_of(station: Station) -> Publishing | None:
    """Return what copies results to the other store, and let it hear of jobs that end or go.

    None if there is no other store.
    """
    artifacts = station.keeper.artifacts
    if artifacts.store is None:
        return None
    publishing = Publishing(
        artifacts.directory,
        artifacts.store,
        station.journal,
        keep_local=station.settings.artifacts.keep_local,
    )
    artifacts.gone = publishing.look_at
    told = station.dispatch.ended

    def over(live: LiveJob) -> None:
        told(live)
        publishing.look_at(live.job.id)

    station.dispatch.ended = over
    return publishing
