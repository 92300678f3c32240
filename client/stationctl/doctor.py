"""`doctor`: what `stationd doctor` finds, for who thinks of `stationctl` first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click


@click.command
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The daemon's configuration file, if it is not where it usually is.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(
    config: Path | None,
    strict: bool,  # noqa: FBT001 - click calls it by name
    as_json: bool,  # noqa: FBT001 - click calls it by name
) -> None:
    """Look the station on this computer and the computer itself through.

    It reads the station's files, so it is best run as the daemon's user or as root, and the
    daemon may run or not. Exit code 1 if something fails; with --strict, for a warning too.
    """
    # The client knows nothing of the daemon's insides, so the daemon's own command looks.
    words = [sys.executable, "-m", "stationd.runtime.cli", "doctor"]
    words += ["--config", str(config)] if config is not None else []
    words += ["--strict"] if strict else []
    words += ["--json"] if as_json else []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as examination:
        for line in examination.stdout or ():
            click.echo(line, nl=False)
    sys.exit(examination.returncode)
