"""Work whose tools take long to import: arrays, compilers.

Rule. Each function imports what it does the work with when it is called, and nothing else does: a
      daemon that starts waits for none of it. Most of this is done in workers anyway.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationd.actors.stages.raw_data import RawData
    from stationd.actors.stages.requests import (
        CheckRequest,
        CompileRequest,
        ItemOutcome,
        PostProcessRequest,
    )
    from stationd.proto.error import ErrorInfo, Problem
    from stationd.proto.result import CompiledResult


def check_programs(request: CheckRequest) -> list[Problem]:
    """Return what is wrong with programs, see `stages.circuits`. Belongs into a worker."""
    from stationd.actors.stages import circuits

    return circuits.check_programs(request)


def compile_circuits(request: CompileRequest) -> list[CompiledResult | ErrorInfo]:
    """Compile circuits, see `stages.compile`. Belongs into a worker."""
    from stationd.actors.stages import compile as compiling

    return compiling.compile_circuits(request)


def post_process(request: PostProcessRequest, data: RawData | None = None) -> list[ItemOutcome]:
    """Build results, see `stages.post_process`. Belongs into a worker unless it `fits_inline`."""
    from stationd.actors.stages import post_process as post_processing

    return post_processing.post_process(request, data)


def warm_up() -> None:
    """Load compiler and parsers, see `stages.compile`. Belongs into a worker."""
    from stationd.actors.stages import compile as compiling

    compiling.warm_up()


def load_arrays() -> None:
    """Import what `post_process` needs; it takes a moment, for which nobody should wait."""
    import_module("stationd.actors.stages.post_process")
