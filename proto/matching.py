"""Whether a job is one that a search means: pure, for whoever has jobs in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.status import coarse_status

if TYPE_CHECKING:
    from stationd.proto.job import JobFilter, JobView


def matches(view: JobView, wanted: JobFilter) -> bool:
    """Whether a job matches a filter; its scope is not looked at, for it depends on who asks."""
    return (
        _matches_words(view, wanted)
        and _matches_status(view, wanted)
        and _matches_times(view, wanted)
        and all(
            name in view.properties and _same(view.properties[name], value)
            for name, value in wanted.properties.items()
        )
    )


def _matches_words(view: JobView, wanted: JobFilter) -> bool:
    return (
        wanted.name_like.casefold() in view.name.casefold()
        and wanted.target in {"", view.target}
        and all(
            not values or value in values
            for value, values in (
                (view.id, wanted.ids),
                (view.name, wanted.names),
                (view.kind, wanted.kinds),
                (view.creator, wanted.creators),
                (view.project, wanted.projects),
            )
        )
    )


def _matches_status(view: JobView, wanted: JobFilter) -> bool:
    names = {*(each.value for each in wanted.coarse), *wanted.passing}
    shown = coarse_status(view.status, cancelling=view.cancelling, retrying=view.attempt > 1)
    return (not wanted.statuses or view.status in wanted.statuses) and (
        not names or shown.name in names
    )


def _matches_times(view: JobView, wanted: JobFilter) -> bool:
    return all(
        (after is None or time >= after) and (before is None or time < before)
        for time, after, before in (
            (view.created_unix_s, wanted.created_after, wanted.created_before),
            (view.modified_unix_s, wanted.modified_after, wanted.modified_before),
        )
    )


def _same(one: object, other: object) -> bool:
    """Whether two properties are the same; true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other
