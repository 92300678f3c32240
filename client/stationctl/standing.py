"""How targets and controllers stand, as operators have said, for commands to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client.stationctl.printing import moment, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.proto.queue_requests import ReservationView, Targets, TargetState


def show_standing(said: Targets, *, as_json: bool) -> None:
    """Print the controllers with their states, then locks, reservations and maintenance."""
    if as_json:
        print_json(said)
        return
    columns = ("CONTROLLER", "STATE", "WAITING", "TICKETS", "TARGETS", "NOTE")
    print_table(columns, [_row(one) for one in said.targets])
    for line in (*lock_lines(said), *guard_lines(said), *reservation_lines(said.reservations)):
        click.echo(line)


def lock_lines(said: Targets) -> Iterator[str]:
    """Return a line for each lock."""
    for one in said.targets:
        if one.locked_by is not None:
            whose = one.locked_by or "somebody"
            note = f": {one.lock_note}" if one.lock_note else ""
            yield f"{one.controller} is locked by {whose} since {moment(one.locked_unix_s)}{note}"


def guard_lines(said: Targets) -> Iterator[str]:
    """Return a line for each guard that lets nothing begin at a controller."""
    for one in said.targets:
        for guard in one.guards:
            yield f"{one.controller} {guard}"


def reservation_lines(reservations: tuple[ReservationView, ...]) -> Iterator[str]:
    """Return a line for each reservation, and each time of maintenance."""
    for one in reservations:
        whose = f"project {one.project}" if one.project else "jobs without a project"
        what = "under maintenance" if one.maintenance else f"reserved for {whose}"
        note = f": {one.note}" if one.note else ""
        yield (
            f"{one.controller} is {what} from {moment(one.from_unix_s)} to"
            f" {moment(one.to_unix_s)} ({one.id}){note}"
        )


def the_one(reservations: tuple[ReservationView, ...], beginning: str) -> str:
    """Return the id that begins so.

    Raises:
        click.UsageError: None does, or several do.
    """
    found = [one.id for one in reservations if one.id.startswith(beginning)]
    if len(found) != 1:
        raise click.UsageError(f"{len(found)} of them have an id that begins so: see `list`")
    return found[0]


def _state(state: TargetState) -> str:
    locked = ["locked"] if state.locked_by is not None else []
    return ", ".join([state.state, *locked, *(["guarded"] if state.guards else [])])


def _row(state: TargetState) -> tuple[str, ...]:
    return (
        state.controller,
        _state(state),
        str(state.waiting),
        str(state.line),
        ", ".join(state.targets) or "-",
        state.note or "-",
    )
