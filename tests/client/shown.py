"""A job as a station shows it."""

from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId, JobView
from stationd.proto.status import JobExecutorStatus

ID = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")
ERROR = ErrorInfo(ErrorCode.DRIVER_FAILED, "the source does not lock")


def view(**changes: object) -> JobView:
    fields: dict[str, object] = {
        "id": ID,
        "number": 1,
        "kind": "circuits",
        "target": "qpu",
        "status": JobExecutorStatus.PENDING_EXECUTION,
        "attempt": 1,
        "created_unix_s": 0.0,
        "modified_unix_s": 1.0,
        "seq": 9,
        "name": "bell",
    }
    return JobView(**(fields | changes))  # type: ignore[arg-type]
