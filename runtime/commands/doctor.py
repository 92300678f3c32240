"""The command `stationd doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

import click

from stationd.runtime.commands.command_line import EXIT_FAILED, config_option

if TYPE_CHECKING:
    from pathlib import Path

    from stationd.runtime.care.doctor.finding import Finding

_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@config_option
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(config: Path, strict: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Look the station and its machine through, and say what to do.

    The daemon may run or not; nothing is changed. Best run as the daemon's user or as root.
    Exit code 1 if something fails, 0 if not; with --strict, 1 for a warning too.
    """
    from stationd.runtime.care.doctor.examination import examine

    found: list[Finding] = []
    for finding in examine(config):
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(found), indent=1))
    bad = {"warn", "fail"} if strict else {"fail"}
    if any(finding.state in bad for finding in found):
        sys.exit(EXIT_FAILED)


def _print(finding: Finding) -> None:
    state = click.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
    click.echo(f"{state}  {finding.check:<13}  {finding.text}")
    if finding.advice:
        click.echo(f"{'':21}-> {finding.advice}")
