"""`compiled`: what the compiler made of a job's circuits."""

from __future__ import annotations

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.display.outcome_text import compiled as lines
from stationd.client.stationctl.display.pictures import quantity
from stationd.client.stationctl.printing import print_json, print_table
from stationd.client.stationctl.typed.lookup import job_id
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.proto.escaping import escaped

_MOST_QUBITS = 8
"""Qubits of a layout that are shown."""


@click.command
@click.argument("job")
@click.option("--item", type=click.IntRange(min=0), metavar="N", help="Show this circuit, from 0.")
@json_option
@station_option
def compiled(job: str, *, item: int | None, as_json: bool) -> None:
    """Show what the compiler made of a job's circuits.

    DURATION is that of one run; QUBITS are those that the program's first, second, ... qubit
    begins on.
    """
    found = jobs.compiled(job_id(job))
    if item is not None:
        _circuit(found, item, as_json=as_json)
    elif as_json:
        print_json(found)
    else:
        columns = ("ITEM", "NAME", "DEPTH", "TWO-QUBIT", "DURATION", "QUBITS")
        print_table(columns, [_row(one) for one in found])


def _circuit(found: list[jobs.CompilationResultRef], item: int, *, as_json: bool) -> None:
    named = [one for one in found if one.index == item]
    if not named:
        raise click.UsageError(f"item {item} was not compiled, or not yet")
    circuit = named[0].get_output()
    if as_json:
        print_json(circuit)
    else:
        click.echo("\n".join(escaped(line) for line in lines(circuit)))


def _row(one: jobs.CompilationResultRef) -> tuple[str, ...]:
    shown = " ".join(one.initial_layout[:_MOST_QUBITS])
    return (
        str(one.index),
        one.name or "-",
        str(one.depth),
        str(one.two_qubit_gates),
        quantity(one.duration, "s"),
        shown + " ..." if len(one.initial_layout) > _MOST_QUBITS else shown or "-",
    )
