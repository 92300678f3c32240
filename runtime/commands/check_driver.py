"""`stationd check-driver`: puts a driver through what its controller will put it through."""

from __future__ import annotations

import logging
import sys
import tomllib
from pathlib import Path

import click

from stationd.runtime.commands.command_line import EXIT_FAILED


@click.command("check-driver")
@click.argument("driver")
@click.option(
    "--option",
    "-o",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the driver, as in port=5025; may be repeated.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0.001),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="What any hook may take before the driver counts as hanging.",
)
@click.option(
    "--abort-within",
    type=click.FloatRange(min=0.001),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="From an abort to rest.",
)
@click.option(
    "--beyond-limits",
    is_flag=True,
    help="Also set something beyond its limits: not for a real instrument.",
)
@click.option("--log", is_flag=True, help="Show what the driver logs, and its tracebacks.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs to read.")
def check_driver(
    driver: str,
    options: tuple[str, ...],
    *,
    patience: float,
    abort_within: float,
    beyond_limits: bool,
    log: bool,
    as_json: bool,
) -> None:
    """Put DRIVER through prepare, run, abort and reconnect, and tell what it breaks.

    DRIVER is a built-in driver, or package.module:Class, also of the folder that you are in. It
    is made with the given options and does work: settings are moved within their declared limits,
    those without limits are left alone, and readouts are read. No station is needed.
    """
    import msgspec

    from stationd.actors.conformance.check_driver import check_driver as put_through
    from stationd.actors.drivers.registry import load_driver

    given = dict(map(_option, options))
    sys.path.insert(0, str(Path.cwd()))
    logging.basicConfig(level=logging.INFO if log else logging.CRITICAL)
    report = put_through(
        lambda: load_driver(driver, given),
        beyond_limits=beyond_limits,
        patience=patience,
        abort_within=abort_within,
    )
    if as_json:
        found = {"conforms": report.conforms, "driver": report.driver, "checks": report.findings}
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        click.echo(str(report))
    sys.stdout.flush()
    if not report.conforms:
        sys.exit(EXIT_FAILED)


def _option(text: str) -> tuple[str, object]:
    """Return the name and the value of an option: TOML, or else the text as it is.

    >>> _option("port=5025"), _option("host=10.0.0.7")
    (('port', 5025), ('host', '10.0.0.7'))
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is no option: write it as KEY=VALUE")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value
