"""Where the results of a scripted station come from: of nothing but its memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from stationd.proto.error import RequestError
from stationd.proto.program import Circuits, Sweep
from stationd.proto.provenance import ControllerOrigin, Provenance, ProvenanceAnswer
from stationd.proto.status import JobExecutorStatus as Status

if TYPE_CHECKING:
    from stationd.proto.job import JobSpec, JobView
    from stationd.proto.provenance import ReadProvenance

STATION = "00000000-0000-4000-8000-000000000000"


def scripted_provenance(request: ReadProvenance, view: JobView, spec: JobSpec) -> ProvenanceAnswer:
    """Return where the result of an item comes from.

    Raises:
        RequestError: The job has no such item.
    """
    if request.item >= len(view.items):
        raise RequestError(f"job {view.id} has no item {request.item}")
    item, work = view.items[request.item], spec.work
    program = work if isinstance(work, Sweep) else work.programs[request.item]
    began = [one for one in view.timeline if one.status is Status.EXECUTION_STARTED]
    source = getattr(program, "source", "")
    found = Provenance(
        job=view.id,
        number=view.number,
        item=item.index,
        attempt=view.attempt,
        kind=view.kind,
        station=STATION,
        station_name="scripted",
        created_unix_s=view.created_unix_s,
        program_sha256=hashlib.sha256(str(source).encode()).hexdigest(),
        program=program,
        name=view.name,
        program_name=item.name,
        target=view.target,
        artifact=item.result,
        partial=item.partial,
        executed_attempt=view.attempt if began else 0,
        executed_unix_s=began[-1].time_unix_s if began else None,
        ticket=view.number if began else None,
        n_shots=work.n_shots[item.index] if isinstance(work, Circuits) else 0,
        daemon={"stationd": "0"},
        controllers=(
            ControllerOrigin(
                name="c", driver="null", versions={"Python": "3"}, settings={"x": 0.5}
            ),
        ),
    )
    return ProvenanceAnswer(request.request, found)
