"""Who has changed what at a station, and who was refused; asynchronous, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.client.connection.shared import connection
from stationd.proto.audit_requests import AuditTrail, ReadAudit

if TYPE_CHECKING:
    from stationd.proto.audit_requests import Outcome


async def audit(
    user: str | None, since_unix_s: float | None, outcome: Outcome | None, limit: int
) -> AuditTrail:
    """Return the newest lines of the audit log.

    Args:
        user: Only of this user; None for all, here and below.
        since_unix_s: Only from this time on.
        outcome: Only what was done, or refused.
        limit: The most lines to return, 1000 at most.

    Raises:
        Forbidden: Whoever asks is no admin.
        RequestError: The station keeps no audit log.
    """
    return await connection().ask(ReadAudit(0, user, since_unix_s, outcome, limit), AuditTrail)
