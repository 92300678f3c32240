"""`submit`: send circuits, a sweep, or nothing for a while."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

import click

from stationd.client.blocking import jobs
from stationd.client.files.sweep import read_sweep
from stationd.client.stationctl.printing import print_json
from stationd.client.stationctl.typed.bindings import read_bindings
from stationd.client.stationctl.typed.moments import MOMENT
from stationd.client.stationctl.typed.options import json_option, station_option, timeout_option
from stationd.client.stationctl.typed.properties import properties_option
from stationd.client.stationctl.typed.searching import project_option
from stationd.proto.error import ErrorCode
from stationd.proto.job import MOST_ATTEMPTS
from stationd.proto.program import NullProgram

if TYPE_CHECKING:
    from stationd.client.references.job import JobRef
    from stationd.proto.calibration import ExpiredCalibration
    from stationd.proto.project import PropertyValue

SHOTS = 1000
"""How often a circuit runs if nothing else is said."""


class _Attempts(TypedDict):
    """What a job says of its attempts."""

    max_attempts: int
    retry_on: tuple[ErrorCode, ...]
    on_lost: Literal["fail", "requeue"]
    resume: bool


class _Words(TypedDict):
    """What people write about a job."""

    description: str
    project: str | None
    properties: dict[str, PropertyValue]


class _Begin(TypedDict):
    """What a job says of when it may begin."""

    not_before: float | None
    deadline: float | None
    hold: bool


@click.command
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shots", type=click.IntRange(min=1), help=f"Of each circuit.  [default: {SHOTS}]")
@click.option(
    "--bind", "bindings", multiple=True, metavar="NAME=VALUES", callback=read_bindings,
    help="A circuit's parameter: 0.5, 0,0.5,1 or FROM:TO:POINTS; may be repeated.",
)  # fmt: skip
@click.option("--target", default="", metavar="NAME", help="The QPU; the station's only one.")
@click.option("--name", metavar="TEXT", help="For people and for searches.")
@click.option("--description", default="", metavar="TEXT", help="For people.")
@project_option("The project that it belongs to.")
@properties_option("A property of the job; may be repeated.")
@click.option("--priority", type=click.IntRange(-1000, 1000), help="The higher goes first.")
@click.option("--not-before", type=MOMENT, help="When it may begin, as in 14:30 or +2h.")
@click.option("--deadline", type=MOMENT, help="It fails if it has not begun by then.")
@click.option("--hold", is_flag=True, help="Keep it in the queue until it is released.")
@click.option("--calibration", metavar="ID", help="A calibration set; the target's default.")
@click.option(
    "--expired-calibration", "expired", type=click.Choice(["use", "wait", "fail"]), default="use",
    show_default=True, help="What to do if that set has expired.",
)  # fmt: skip
@click.option("--seed", type=int, metavar="N", help="Makes compilation and simulation repeatable.")
@click.option(
    "--optimisation", "level", type=click.IntRange(0, 3), default=2, show_default=True,
    help="Of circuits: 0 rearranges nothing, 3 the most.",
)  # fmt: skip
@click.option(
    "--item-errors", type=click.Choice(["stop", "continue"]), default="stop", show_default=True,
    help="Whether one bad program fails the job before anything is executed.",
)  # fmt: skip
@click.option("--compile-only", is_flag=True, help="Compile and execute nothing.")
@click.option(
    "--max-attempts", type=click.IntRange(1, MOST_ATTEMPTS), default=1, metavar="N",
    help="Made by the station itself, the first included.",
)  # fmt: skip
@click.option(
    "--retry-on", multiple=True, metavar="CODE",
    type=click.Choice([code.value for code in ErrorCode if code is not ErrorCode.UNKNOWN]),
    help="An error that another attempt follows on, as in driver_failed; may be repeated.",
)  # fmt: skip
@click.option(
    "--on-lost", type=click.Choice(["fail", "requeue"]), default="fail",
    help="What becomes of the job if its controller is lost.",
)  # fmt: skip
@click.option(
    "--resume", is_flag=True,
    help="Another attempt at a sweep goes on where the last was cut short.",
)  # fmt: skip
@click.option("--null", type=click.FloatRange(0, 86_400), metavar="SECONDS", help="Do nothing.")
@click.option("--id", metavar="UUID", help="Of the job; sending the same twice gives one job.")
@click.option("--wait", is_flag=True, help="Stay until the job is over.")
@timeout_option
@json_option
@station_option
@click.pass_context
def submit(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    shots: int | None,
    bindings: dict[str, list[float] | float],
    target: str,
    name: str | None,
    description: str,
    project: str | None,
    properties: dict[str, PropertyValue],
    priority: int | None,
    not_before: float | None,
    deadline: float | None,
    hold: bool,
    calibration: str | None,
    expired: ExpiredCalibration,
    seed: int | None,
    level: int,
    item_errors: Literal["stop", "continue"],
    compile_only: bool,
    max_attempts: int,
    retry_on: tuple[str, ...],
    on_lost: Literal["fail", "requeue"],
    resume: bool,
    null: float | None,
    id: str | None,  # noqa: A002 - as in the API
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Send circuits as one job, or a sweep from a TOML file, and print the job's id.

    A file with circuits is OpenQASM, QPY if it ends in .qpy, or native circuits if in .json.

    Its number, which names it as well, goes to the standard error.
    """
    _check(files, null, shots, compile_only=compile_only, bindings=bool(bindings))
    attempts = _Attempts(
        max_attempts=max_attempts,
        retry_on=tuple(ErrorCode(code) for code in retry_on),
        on_lost=on_lost,
        resume=resume,
    )
    words = _Words(description=description, project=project, properties=properties)
    begin = _Begin(not_before=not_before, deadline=deadline, hold=hold)
    if files and files[0].suffix == ".toml":
        job = _sweep(
            files[0],
            name=name,
            priority=priority,
            calibration=calibration,
            expired=expired,
            id=id,
            attempts=attempts,
            begin=begin,
            words=words,
        )
    else:
        job = jobs.submit(
            programs=list(files) if null is None else NullProgram(duration=null),
            n_shots=None if compile_only or null is not None else shots or SHOTS,
            bindings=bindings or None,
            compile_only=compile_only,
            target=target,
            name=_name(files) if name is None else name,
            priority=priority or 0,
            calibration_set=calibration,
            expired_calibration=expired,
            seed=seed,
            optimisation_level=level,
            item_errors=item_errors,
            id=id,
            **attempts,
            **begin,
            **words,
        )
    if job.notice:
        click.echo(f"Note: {job.notice}", err=True)
    if not as_json:
        # People name it by its number; scripts read its id, which stands alone.
        click.echo(f"job {job.number}", err=True)
        click.echo(job.id)
    elif not wait:
        print_json({"id": job.id, "number": job.number, "name": job.name})
    if wait:
        from stationd.client.stationctl.following import wait_for  # noqa: PLC0415 - for this alone
        from stationd.client.stationctl.watching import Watch  # noqa: PLC0415 - for this alone

        ctx.exit(wait_for(Watch({job.id: job.number}), timeout, as_json=as_json))


def _check(
    files: tuple[Path, ...],
    null: float | None,
    shots: int | None,
    *,
    compile_only: bool,
    bindings: bool,
) -> None:
    """Refuse combinations that mean nothing."""
    sweeps = [path for path in files if path.suffix == ".toml"]
    if (null is None) == (not files):
        raise click.UsageError("give files, or --null SECONDS, and not both")
    if sweeps and len(files) > 1:
        raise click.UsageError(f"a sweep is a job of its own: submit {sweeps[0]} alone")
    if sweeps and (shots is not None or compile_only):
        raise click.UsageError("--shots and --compile-only are for circuits")
    if bindings and (sweeps or null is not None):
        raise click.UsageError("--bind is for circuits")
    if compile_only and (null is not None or shots is not None):
        raise click.UsageError("--compile-only executes nothing: leave out --shots and --null")


def _sweep(
    path: Path,
    *,
    name: str | None,
    priority: int | None,
    calibration: str | None,
    expired: ExpiredCalibration,
    id: str | None,  # noqa: A002 - as in the API
    attempts: _Attempts,
    begin: _Begin,
    words: _Words,
) -> JobRef:
    found = read_sweep(path.read_text(encoding="utf-8"), str(path))
    attempts["resume"] |= found.resume
    return jobs.submit(
        sweep=found.sweep,
        name=name if name is not None else found.name or path.stem,
        priority=priority if priority is not None else found.priority,
        calibration_set=calibration,
        expired_calibration=expired,
        id=id,
        **attempts,
        **begin,
        **words,
    )


def _name(files: tuple[Path, ...]) -> str:
    return files[0].stem if len(files) == 1 else ""
