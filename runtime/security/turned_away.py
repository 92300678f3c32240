"""Connections that were not let in: they have lines in the audit log too."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.jobs_protocol import Failure
from stationd.runtime.audit.answered import Asked
from stationd.runtime.audit.auditor import Auditor

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.runtime.audit.trail import Trail
    from stationd.runtime.clock import Clock
    from stationd.runtime.security.register import Refusal


def turned_away(trail: Trail | None, clock: Clock) -> Callable[[Refusal], None]:
    """Return what takes note of connections that were refused.

    Args:
        trail: Where the lines go; None for nowhere.
        clock: Tells when.
    """
    if trail is None:
        return lambda _: None
    return partial(_note, Auditor(trail, clock))


def _note(auditor: Auditor, refusal: Refusal) -> None:
    # Whoever tries many keys is one and the same address.
    asked = Asked("", "", refusal.means, refusal.address, refusal.domain, None)
    reply = Failure(0, ErrorInfo(ErrorCode.FORBIDDEN, refusal.why))
    auditor.refused(lambda: asked, reply)
