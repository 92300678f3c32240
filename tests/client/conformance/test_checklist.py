"""The checklist itself: nothing of it is forgotten, and references of every class can be kept."""

import ast
from pathlib import Path

import pytest

import stationd
from stationd import StatusEnum
from stationd.client.blocking.reference_file import Reference
from stationd.proto.job import ArtifactRef, JobId
from stationd.proto.status import JobExecutorStatus
from tests.client.conformance.checklist import ITEMS, ONLY_IN_A_CLOUD, checklist

ID = JobId("5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1")
ARTIFACT = ArtifactRef(id=f"{ID}/1/0", size_bytes=7, sha256="0" * 64)


def job(kind: type[stationd.JobRef]) -> stationd.JobRef:
    return kind(
        id=ID,
        kind="compile" if kind is stationd.CompileJobRef else "circuits",
        last_status=StatusEnum.QUEUED,
        last_message=StatusEnum.QUEUED.value,
        status=JobExecutorStatus.PENDING_EXECUTION,
        created_unix_s=1_700_000_000.0,
        properties={"cooldown": 7},
    )


WORDS = job(stationd.JobRef).annotations
REFERENCES: list[Reference] = [
    job(stationd.JobRef),
    job(stationd.ExecuteJobRef),
    job(stationd.CompileJobRef),
    stationd.ResultRef(job=ID, index=0, artifact=ARTIFACT, annotations=WORDS),
    stationd.ExecutionResultRef(
        job=ID,
        index=0,
        artifact=ARTIFACT,
        annotations=WORDS,
        partial=True,
        last_status=StatusEnum.RUNNING,
    ),
    stationd.CompilationResultRef(job=ID, index=0, artifact=ARTIFACT, annotations=WORDS),
    stationd.IncompleteJobItemRef(
        job=ID,
        index=1,
        last_status=StatusEnum.ERROR,
        last_message="no such gate",
        annotations=WORDS,
    ),
    stationd.ProjectRef(id=ID, name="bells"),
]


def marked() -> dict[int, list[str]]:
    """Return the tests of this folder by the items that they are marked with."""
    found: dict[int, list[str]] = {}
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for item in _items(node):
                    found.setdefault(item, []).append(node.name)
    return found


def _items(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
    return [
        int(ast.literal_eval(argument))
        for mark in function.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == checklist.name
        for argument in mark.args
    ]


def test_every_item_has_a_test_or_a_reason_for_none() -> None:
    assert list(ITEMS) == list(range(1, 39))
    assert sorted({*marked(), *ONLY_IN_A_CLOUD}) == list(ITEMS)
    assert not {*marked()} & {*ONLY_IN_A_CLOUD}


@checklist(19)
@pytest.mark.parametrize("reference", REFERENCES, ids=lambda one: type(one).__name__)
def test_references_of_every_class_survive_a_file(reference: Reference, tmp_path: Path) -> None:
    stationd.save(reference, tmp_path / "reference.json")
    loaded = stationd.load(tmp_path / "reference.json")
    assert type(loaded) is type(reference)
    assert loaded == reference
    assert loaded.type == type(reference).__name__


@checklist(19)
def test_no_class_of_reference_is_left_out() -> None:
    # A StationRef says who has answered, which is another matter the next time.
    classes = {name for name in stationd.__all__ if name.endswith("Ref")} - {"StationRef"}
    assert {type(one).__name__ for one in REFERENCES} == classes
