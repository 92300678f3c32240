"""Examples of messages about projects and stored jobs."""

import msgspec

from stationd.proto.job import JobFilter
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.program import Axis, OpenQasm, Sweep
from stationd.proto.project import Property
from stationd.proto.project_requests import (
    Annotate,
    ChangeProject,
    Count,
    Counted,
    CreateProject,
    Delete,
    Deleted,
    GetInput,
    Input,
    ListProjects,
    Projects,
)
from tests.proto.examples.values import BELL, JOB, PROJECT, PROPERTIES, SET

REQUESTS: dict[str, Request] = {
    "Annotate": Annotate(40, JOB),
    "Annotate, all": Annotate(41, JOB, "ghz", "a longer text", PROPERTIES),
    "Delete": Delete(42, JOB),
    "Count": Count(43, JobFilter(kinds=("sweep",))),
    "GetInput": GetInput(44, JOB, 3),
    "ListProjects": ListProjects(45, "t1", archived=None),
    "CreateProject": CreateProject(
        46, SET, PROJECT.name, PROJECT.description, PROJECT.properties, exist_ok=True
    ),
    "ChangeProject": ChangeProject(
        47, SET, "every day", (Property("cooldown", "int"),), archived=True
    ),
    "ChangeProject, its room and time": ChangeProject(
        47, SET, quota_bytes=1_000_000, keep_days="station"
    ),
}

REPLIES: dict[str, Reply] = {
    "Deleted": Deleted(42, "already_gone"),
    "Counted": Counted(43, 12),
    "Input": Input(44, OpenQasm(source=BELL, name="bell"), 1000),
    "Input, a sweep": Input(44, Sweep(axes=((Axis("lo.power", (1, 2)),),), returns=("adc.y",)), 0),
    "Projects": Projects(45, (PROJECT,)),
    "Projects, with quotas": Projects(
        45, (msgspec.structs.replace(PROJECT, quota_bytes=100, keep_days=30.0),), {SET: 40}
    ),
}
