"""An audit log for tests."""

from collections.abc import Callable
from dataclasses import dataclass, field

from stationd.proto.audit_requests import AuditLine, ReadAudit
from stationd.proto.jobs_protocol import Reply
from stationd.runtime.audit.answered import Asked, line_of


@dataclass
class Written:
    """A trail that is on paper at once, or when the test says so."""

    lines: list[AuditLine] = field(default_factory=list[AuditLine])
    waiting: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def note(
        self,
        asked: Asked,
        reply: Reply,
        time_unix_s: float,
        left_out: int,
        written: Callable[[], None] | None,
    ) -> None:
        self.lines.append(line_of(asked, reply, time_unix_s, left_out))
        if written is not None:
            self.waiting.append(written)

    async def read(self, request: ReadAudit) -> tuple[tuple[AuditLine, ...], bool]:
        return tuple(self.lines[-request.limit :]), False
