"""What the compiler made of the circuits of any job; asynchronous."""

from __future__ import annotations

from stationd.client.connection.shared import connection
from stationd.client.references import referring
from stationd.client.references.job import Job, id_of
from stationd.client.references.table import Rows
from stationd.client.results.fetching import CompilationResultRef
from stationd.proto.compiled_requests import Compiled, ReadCompiled
from stationd.proto.jobs_protocol import Get
from stationd.proto.jobs_protocol import Job as JobReply
from stationd.proto.status import StatusEnum


async def compiled(job: Job) -> Rows[CompilationResultRef]:
    """Return the references of what the compiler made of a job's circuits, by item.

    Of jobs that execute circuits, and of those that compile them and do nothing else; as soon as
    the job is compiled, and for as long as the station keeps it. Each reference knows depth,
    two-qubit gates, duration and where the qubits are; its `get_output` fetches the circuit. Items
    that could not be compiled are left out; a sweep has none.

    Raises:
        UnknownJob: The station does not know the job any more.
    """
    number = id_of(job)
    view = (await connection().ask(Get(0, number), JobReply)).view
    found = (await connection().ask(ReadCompiled(0, number), Compiled)).items
    annotations = referring.job_of(view).annotations
    return Rows(
        CompilationResultRef(
            job=number,
            index=one.index,
            artifact=one.artifact,
            name=one.name,
            project=view.project,
            annotations=annotations,
            last_status=StatusEnum.COMPLETED,
            depth=one.depth,
            two_qubit_gates=one.two_qubit_gates,
            duration=one.duration,
            initial_layout=one.initial_layout,
            final_layout=one.final_layout,
            compiler=one.compiler,
        )
        for one in found
    )
