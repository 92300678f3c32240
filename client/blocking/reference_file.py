"""References as files, so that a job that is submitted today is taken up again next week.

A file is JSON and says which reference it holds; nothing in it is ever executed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from stationd.client.blocking import jobs
from stationd.client.projects.project_ref import ProjectRef
from stationd.client.references.item import IncompleteJobItemRef
from stationd.client.references.job import CompileJobRef, ExecuteJobRef, JobRef
from stationd.client.results.saving import write_whole
from stationd.proto.error import RequestError
from stationd.proto.newer import statuses_of_newer_peers

Reference = (
    ExecuteJobRef
    | CompileJobRef
    | JobRef
    | jobs.ExecutionResultRef
    | jobs.CompilationResultRef
    | jobs.ResultRef
    | IncompleteJobItemRef
    | ProjectRef
)
"""All that can be kept in a file."""

_DECODER: Final[msgspec.json.Decoder[Reference]] = msgspec.json.Decoder(Reference)


def save(ref: Reference, path: str | os.PathLike[str], *, mkdir: bool = False) -> None:
    """Write a reference into a file, which appears whole or not at all.

    Args:
        ref: A job, a result, an item without one, or a project.
        path: The file; one that is there is replaced.
        mkdir: Make its folder, if need be.

    Raises:
        OSError: The file cannot be written.
    """
    file = Path(path)
    if mkdir:
        file.parent.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.format(msgspec.json.encode(ref), indent=2)
    write_whole(file, lambda opened: opened.write(document))


def load(path: str | os.PathLike[str]) -> Reference:
    """Read a reference from a file that `save` has written.

    It is what was known when it was saved: `jobs.refresh` tells what has become of it.

    Raises:
        OSError: The file cannot be read.
        RequestError: It holds no reference.
    """
    try:
        # A newer station may have told a status that we do not know.
        with statuses_of_newer_peers():
            return _DECODER.decode(Path(path).read_bytes())
    except (msgspec.DecodeError, ValueError) as error:
        raise RequestError(f"{path} holds no reference: {error}") from error
