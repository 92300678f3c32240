"""Projects, for scripts and notebooks: the twins of `projects.projects`."""

from __future__ import annotations

from stationd.client.blocking.portal import blocking
from stationd.client.projects import projects

__all__ = [
    "add_property",
    "archive",
    "create",
    "get",
    "get_all",
    "get_or_create",
    "set_quota",
    "set_retention",
]

create = blocking(projects.create)
get_or_create = blocking(projects.get_or_create)
get = blocking(projects.get)
get_all = blocking(projects.get_all)
add_property = blocking(projects.add_property)
archive = blocking(projects.archive)
set_quota = blocking(projects.set_quota)
set_retention = blocking(projects.set_retention)
