"""The table of the configuration that is about traces."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Tracing(Struct, frozen=True, forbid_unknown_fields=True):
    """Where traces of jobs are sent."""

    endpoint: Annotated[str, Meta(pattern=r"^(|https?://[^\s/]+(/\S*)?)\Z")] = ""
    """Where a collector takes OTLP over HTTP, as in ``http://localhost:4318/v1/traces``; empty for
    nowhere."""
