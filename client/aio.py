"""The jobs API for asynchronous programs, on asyncio, uvloop and trio.

All calls of one event loop share one connection, which comes back by itself. Every request
waits for its answer for some seconds at most; waiting for jobs takes as long as its `timeout`.
"""

from __future__ import annotations

from stationd.client import projects
from stationd.client.batching import submit_many
from stationd.client.changing import (
    cancel,
    delete,
    retry_submission,
    set_annotations,
)
from stationd.client.compiled import (
    compiled,
)
from stationd.client.context import (
    using_project,
    using_properties,
)
from stationd.client.controllers import (
    describe_controller,
)
from stationd.client.fetching import (
    CompilationResultRef,
    ExecutionResultRef,
    ResultRef,
    download_result,
    get_input,
    get_output,
    results,
)
from stationd.client.finding import (
    get,
    get_all,
    refresh,
    status,
    view,
)
from stationd.client.following import (
    Listening,
    listen_all,
    listen_job_status,
    wait_for,
    wait_for_all,
    wait_for_any,
)
from stationd.client.logs import (
    logs,
)
from stationd.client.provenance import (
    provenance,
)
from stationd.client.queue import (
    drain_target,
    drop_reservation,
    guards,
    hold,
    lock_target,
    move_before,
    pause_target,
    plan_maintenance,
    queue,
    release,
    reprioritise,
    reserve,
    resume_target,
    target_states,
    unlock_target,
    why,
)
from stationd.client.running import (
    compile,
    execute,
    start_compile_job,
    start_execute_job,
    submit,
)
from stationd.client.saved_result import (
    save_result,
)
from stationd.client.search import (
    JobSearch,
)
from stationd.client.setting import (
    ReadoutValue,
    get_readouts,
    set_settings,
)
from stationd.client.shared import (
    close,
)
from stationd.client.station import (
    controllers,
    diff_calibrations,
    get_calibration,
    import_calibration,
    list_calibrations,
    ping,
    reset_controller,
    targets,
    use_calibration,
)

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
