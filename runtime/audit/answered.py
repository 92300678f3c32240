"""From a request and its answer to a line of the audit log. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.proto.audit_requests import AuditLine
from stationd.proto.jobs_protocol import Failure, Reply, Request, SubmitMany, SubmittedMany

if TYPE_CHECKING:
    from stationd.proto.error import ErrorInfo

LONGEST_SUBJECT: Final = 200
LONGEST_DETAIL: Final = 300
_SUBJECTS: Final = ("job", "name", "target", "id")
"""Fields that say what a request is about, the first that it has."""


class Asked(Struct, frozen=True):
    """Who asked for what, and where."""

    user: str
    role: str
    means: str
    peer: str
    endpoint: str
    request: Request | None
    """None if it could not be read."""


def line_of(asked: Asked, reply: Reply, time_unix_s: float, left_out: int = 0) -> AuditLine:
    """Return the line about a request.

    Args:
        asked: The request, and whose it was.
        reply: What it was answered.
        time_unix_s: When.
        left_out: Refusals of this user before, that have no line.
    """
    error, jobs = _refusal(reply), 0
    if isinstance(reply, SubmittedMany):
        jobs = sum(one.error is None for one in reply.answers)
        # A batch of which nothing was let in is refused; of any other the count tells.
        error = error if jobs == 0 else None
    return AuditLine(
        time_unix_s=time_unix_s,
        user=asked.user,
        role=asked.role,
        means=asked.means,
        peer=asked.peer,
        endpoint=asked.endpoint,
        request="" if asked.request is None else type(asked.request).__name__,
        subject=subject_of(asked.request)[:LONGEST_SUBJECT],
        jobs=jobs,
        outcome="done" if error is None else "refused",
        code="" if error is None else str(error.code),
        detail="" if error is None else str(error)[:LONGEST_DETAIL],
        left_out=left_out,
    )


def subject_of(request: Request | None) -> str:
    """Return what a request is about; empty if it is about the station.

    >>> from stationd.proto.jobs_protocol import Ping, ResetController
    >>> subject_of(ResetController(1, "qpu")), subject_of(Ping(1, "0.1.0"))
    ('qpu', '')
    """
    if isinstance(request, SubmitMany):
        return request.jobs[0].job if request.jobs else ""
    found: object = ""
    for name in _SUBJECTS:
        found = getattr(request, name, None)
        if isinstance(found, str) and found:
            return found
    return ""


def in_words(line: AuditLine) -> str:
    """Return a line for a log that people read.

    >>> who = {"user": "ada", "role": "submitter", "means": "unix:1000", "time_unix_s": 0.0}
    >>> in_words(AuditLine(**who, request="Cancel", subject="6b5f", outcome="done"))
    'Cancel of 6b5f by ada (submitter, unix:1000)'
    """
    what = line.request or "a frame"
    about = f" of {line.subject}" if line.subject else ""
    count = f" and others, {line.jobs} jobs," if line.jobs > 1 else ""
    who = ", ".join(filter(None, [line.role, line.means]))
    said = f"{what}{about}{count} by {line.user or 'somebody'}" + (f" ({who})" if who else "")
    if line.outcome == "done":
        return said
    more = f"; {line.left_out} more before it" if line.left_out else ""
    return f"refused: {said}: {line.code}: {line.detail}{more}"


def _refusal(reply: Reply) -> ErrorInfo | None:
    if isinstance(reply, Failure):
        return reply.error
    if isinstance(reply, SubmittedMany):
        return next((one.error for one in reply.answers if one.error is not None), None)
    return None
