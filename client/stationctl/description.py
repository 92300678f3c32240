"""What a controller says of itself, and how it is, for `controllers show`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from stationd.client.blocking.portal import call
from stationd.client.station.near_names import meant
from stationd.client.stationctl.display.parameters import (
    COLUMNS,
    MOST_ROWS,
    Parameter,
    chosen,
    folded,
    merged,
    rows,
)
from stationd.client.stationctl.printing import (
    Cell,
    Styled,
    duration,
    moment,
    print_json,
    print_table,
    print_text,
)
from stationd.client.stationctl.typed.lookup import name_of, shown
from stationd.proto.error import ZeroMatches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stationd.client.station.controllers import ControllerDescription
    from stationd.proto.job import JobId
    from stationd.proto.program import Qpu


def show(
    found: ControllerDescription, patterns: Sequence[str], *, whole: bool, as_json: bool
) -> None:
    """Print a description.

    Args:
        found: The description.
        patterns: Which settings and readouts are meant; none for all.
        whole: Fold nothing.
        as_json: As one JSON document.

    Raises:
        ZeroMatches: There are patterns, and nothing is meant by them.
    """
    parameters = _meant(found, patterns)
    if as_json:
        names = {one.name for one in parameters}
        settings = tuple(one for one in found.settings if one.name in names)
        readouts = tuple(one for one in found.readouts if one.name in names)
        print_json(replace(found, settings=settings, readouts=readouts))
        return
    if not patterns:
        for title, *value in _facts(found):
            print_text(Styled(f"{title!s:<12}", "bold"), *value)
        click.echo()
    if not parameters:
        click.echo("It has no settings and no readouts.")
        return
    _print_parameters(found.name, parameters, whole=whole)


def _meant(found: ControllerDescription, patterns: Sequence[str]) -> list[Parameter]:
    every = merged(found.settings, found.readouts)
    own = f"{found.name}."
    wanted = chosen(every, [pattern.removeprefix(own) for pattern in patterns])
    if patterns and not wanted:
        heads = {".".join(one.name.split(".")[:depth]) for one in every for depth in (1, 2, 3, 4)}
        near = meant(patterns[0].removeprefix(own), heads)
        raise ZeroMatches(
            f"controller {found.name!r} has no setting and no readout"
            f" {' or '.join(map(repr, patterns))}{near}"
        )
    return wanted


def _print_parameters(controller: str, parameters: Sequence[Parameter], *, whole: bool) -> None:
    if whole or len(parameters) <= MOST_ROWS:
        print_table(COLUMNS, rows(controller, parameters))
        return
    print_table(COLUMNS, folded(controller, parameters))
    click.echo()
    click.echo(
        f"{len(parameters)} parameters, folded: name a part of them, as in"
        f" `stationctl controllers show {controller} PART`, or give --all"
    )


def _facts(found: ControllerDescription) -> Iterator[tuple[Cell, ...]]:
    yield "controller", found.name
    yield "driver", found.driver or "-"
    yield "health", *_health(found)
    yield "at work on", _job(found.running) if found.running is not None else "nothing"
    yield "in line", f"{found.line} tickets" if found.line != 1 else "1 ticket"
    if found.versions:
        yield "runs", _versions(found)
    if found.qpu is not None:
        yield "circuits", _qpu(found.qpu)
    if found.null:
        yield "programs", "null programs"
    if found.trigger_master:
        yield "starts", "last: it is the trigger master"


def _health(found: ControllerDescription) -> tuple[Cell, ...]:
    colour = "green" if found.health == "healthy" else "red"
    state = Styled(found.health, colour)
    if found.quarantined is not None:
        reason = (
            f": it did not come to rest from {_job(found.quarantined)}. Look at its instruments,"
            f" then: stationctl reset {found.name}"
        )
        return state, reason
    if found.heard_unix_s is None:
        return (state,)
    ago = duration(max(0.0, time.time() - found.heard_unix_s))
    return state, f", last sign of life {ago} ago ({moment(found.heard_unix_s)})"


def _job(job: JobId) -> str:
    if not job:
        return "a job of somebody else"
    views = call(shown, [job])
    return f"job {name_of(job, views[job].number if job in views else 0)}"


def _versions(found: ControllerDescription) -> str:
    ours = [
        f"{one} {found.versions[one]}" for one in ("stationd", "Python") if one in found.versions
    ]
    more = len(found.versions) - len(ours)
    return f"{', '.join(ours)} and {more} more, which `stationctl versions` shows"


def _qpu(qpu: Qpu) -> str:
    pairs = ", ".join("-".join(pair) for pair in qpu.couplings)
    return (
        f"{len(qpu.qubits)} qubits ({', '.join(qpu.qubits)}), coupled {pairs or 'not at all'};"
        f" at most {qpu.most_circuits:,} circuits a job, {qpu.most_shots:,} shots each"
    )
