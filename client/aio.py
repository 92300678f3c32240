"""The jobs API for asynchronous programs, on asyncio, uvloop and trio.

All calls of one event loop share one connection, which comes back by itself. Every request
waits for its answer for some seconds at most; waiting for jobs takes as long as its `timeout`.
"""

from __future__ import annotations

from stationd.client.connection.shared import close
from stationd.client.projects import projects
from stationd.client.projects.context import using_project, using_properties
from stationd.client.results.compiled import compiled
from stationd.client.results.fetching import (
    CompilationResultRef,
    ExecutionResultRef,
    ResultRef,
    download_result,
    get_input,
    get_output,
    results,
)
from stationd.client.results.provenance import provenance
from stationd.client.results.saved_result import save_result
from stationd.client.searching.finding import get, get_all, refresh, status, view
from stationd.client.searching.pages import JobSearch
from stationd.client.station.calibrations import (
    diff_calibrations,
    get_calibration,
    import_calibration,
    list_calibrations,
    use_calibration,
)
from stationd.client.station.controllers import describe_controller
from stationd.client.station.station import controllers, ping, reset_controller, targets
from stationd.client.steering.changing import cancel, delete, retry_submission, set_annotations
from stationd.client.steering.queue import hold, move_before, queue, release, reprioritise, why
from stationd.client.steering.targets import (
    drain_target,
    drop_reservation,
    guards,
    lock_target,
    pause_target,
    plan_maintenance,
    reserve,
    resume_target,
    target_states,
    unlock_target,
)
from stationd.client.submission.batching import submit_many
from stationd.client.submission.running import (
    compile,
    execute,
    start_compile_job,
    start_execute_job,
    submit,
)
from stationd.client.submission.setting import ReadoutValue, get_readouts, set_settings
from stationd.client.waiting.following import (
    Listening,
    listen_all,
    listen_job_status,
    wait_for,
    wait_for_all,
    wait_for_any,
)
from stationd.client.waiting.logs import logs

__all__ = [
    "CompilationResultRef",
    "ExecutionResultRef",
    "JobSearch",
    "Listening",
    "ReadoutValue",
    "ResultRef",
    "cancel",
    "close",
    "compile",
    "compiled",
    "controllers",
    "delete",
    "describe_controller",
    "diff_calibrations",
    "download_result",
    "drain_target",
    "drop_reservation",
    "execute",
    "get",
    "get_all",
    "get_calibration",
    "get_input",
    "get_output",
    "get_readouts",
    "guards",
    "hold",
    "import_calibration",
    "list_calibrations",
    "listen_all",
    "listen_job_status",
    "lock_target",
    "logs",
    "move_before",
    "pause_target",
    "ping",
    "plan_maintenance",
    "projects",
    "provenance",
    "queue",
    "refresh",
    "release",
    "reprioritise",
    "reserve",
    "reset_controller",
    "results",
    "resume_target",
    "retry_submission",
    "save_result",
    "set_annotations",
    "set_settings",
    "start_compile_job",
    "start_execute_job",
    "status",
    "submit",
    "submit_many",
    "target_states",
    "targets",
    "unlock_target",
    "use_calibration",
    "using_project",
    "using_properties",
    "view",
    "wait_for",
    "wait_for_all",
    "wait_for_any",
    "why",
]
