"""`provenance`: where a result comes from, as a tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import moment, print_json
from stationd.client.stationctl.typed.lookup import job_id
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.escaping import escaped
from stationd.proto.program import NativeProgram, NullProgram, OpenQasm, Qpy, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.proto.program import Program
    from stationd.proto.provenance import ControllerOrigin, Provenance

_JOB_AND_ITEM: Final = re.compile(r"(?P<job>[^:/]+)(?::(?P<item>\d{1,9}))?")
_MOST_LINES: Final = 40
"""Lines of a program that are shown."""
_MOST_VALUES: Final = 6
"""Values of an axis that are shown."""


@click.command
@click.argument("what", metavar="ARTIFACT|JOB[:ITEM]")
@json_option
@station_option
def provenance(what: str, *, as_json: bool) -> None:
    """Show where a result comes from.

    WHAT is the id of an artifact, as in JOB/ATTEMPT/ITEM, or a job; of one with several items,
    JOB:ITEM, from 0.
    """
    found = _asked(what)
    if as_json:
        print_json(found)
        return
    click.echo("\n".join(escaped(line) for line in tree(found)))


def _asked(what: str) -> Provenance:
    if "/" in what:
        job, _, rest = what.partition("/")
        return jobs.provenance(f"{job_id(job)}/{rest}")
    named = _JOB_AND_ITEM.fullmatch(what)
    if named is None:
        raise click.UsageError(f"{what!r} names no artifact and no job: JOB/ATTEMPT/ITEM, JOB:ITEM")
    return jobs.provenance(job_id(named["job"]), int(named["item"] or 0))


def tree(found: Provenance) -> list[str]:
    """Return a provenance as lines, what belongs to a thing below it."""
    artifact = found.artifact
    if artifact is None:
        lines = [f"item {found.item} of job {found.job}: no result"]
    else:
        partial = ", partial" if found.partial else ""
        lines = [f"artifact {artifact.id}: {artifact.size_bytes:,} bytes{partial}"]
        lines.append(f"  sha256        {artifact.sha256}")
    lines += [f"  {title:<12}  {text}" for title, text in _facts(found) if text]
    if found.calibration is not None:
        one = found.calibration
        when = "not there any more" if one.created_unix_s is None else moment(one.created_unix_s)
        lines.append(f"  calibration   {one.id} {one.name!r}, {when}")
    if found.compiled is not None:
        made = found.compiled
        lines.append(f"  compiled      depth {made.depth}, {made.two_qubit_gates} two-qubit gates")
        lines.append(f"                sha256 {made.sha256}")
    for controller in found.controllers:
        lines += _controller(controller)
    lines.append(f"  program       {found.program_name or 'without a name'}")
    lines.append(f"                sha256 {found.program_sha256}")
    lines += [f"    {line}" for line in _program(found.program)]
    return lines


def _facts(found: Provenance) -> Iterator[tuple[str, str]]:
    yield "job", f"{found.number} {found.name!r} of {found.creator or '-'}, {found.job}"
    yield "submitted", moment(found.created_unix_s)
    yield "attempt", str(found.attempt)
    if found.executed_unix_s is not None:
        ticket = "" if found.ticket is None else f", ticket {found.ticket}"
        yield (
            "executed",
            f"{moment(found.executed_unix_s)}, attempt {found.executed_attempt}{ticket}",
        )
    if found.ended_unix_s is not None:
        yield "ended", moment(found.ended_unix_s)
    yield "target", found.target
    yield "shots", f"{found.n_shots:,}" if found.n_shots else ""
    yield "seed", "" if found.seed is None else str(found.seed)
    level = found.optimisation_level
    yield "optimised", "" if level is None else f"level {level}"
    version = found.daemon.get("stationd", "")
    yield "station", f"{found.station_name} {found.station}, stationd {version or 'not recorded'}"


def _controller(one: ControllerOrigin) -> Iterator[str]:
    driver = one.driver or "not recorded"
    since = "" if one.since_unix_s is None else f", as of {moment(one.since_unix_s)}"
    yield f"  controller    {one.name}: driver {driver}{since}"
    for name, version in one.versions.items():
        yield f"    {name:<20}  {version}"
    if one.settings:
        yield "    settings when it began"
    for name, value in one.settings.items():
        yield f"      {name:<18}  {'not known' if value is None else value!r}"


def _program(program: Program | Sweep | None) -> list[str]:
    if program is None:
        return ["(large; stationd.jobs.get_input has it)"]
    if isinstance(program, Sweep):
        return list(_sweep(program))
    lines = list(_circuit(program))
    more = len(lines) - _MOST_LINES
    return [
        *lines[:_MOST_LINES],
        *([f"... and {more} more lines"] if more > 0 else []),
        *(f"{name} = {value!r}" for name, value in _binding(program).items()),
    ]


def _circuit(program: Program) -> Iterator[str]:
    match program:
        case OpenQasm(source=source):
            yield from source.splitlines()
        case Qpy(data=data):
            yield f"QPY, {len(data):,} bytes"
        case NativeProgram(circuit=circuit):
            for one in circuit.instructions:
                yield " ".join((one.gate, *one.qubits, *map(repr, (*one.params, *one.bits))))
        case NullProgram():
            pass


def _binding(program: Program) -> dict[str, float]:
    return program.binding if isinstance(program, OpenQasm | Qpy) else {}


def _sweep(sweep: Sweep) -> Iterator[str]:
    for name, value in sweep.settings.items():
        yield f"{name} = {value!r}"
    for axis in (axis for group in sweep.axes for axis in group):
        values = ", ".join(repr(value) for value in axis.values[:_MOST_VALUES])
        more = ", ..." if len(axis.values) > _MOST_VALUES else ""
        yield f"{axis.setting}: {len(axis.values)} values, {values}{more}"
    yield f"reads {', '.join(sweep.returns)}"
