"""The command `stationd`: the daemon, its controllers, and checking their configuration."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stationd.runtime.commands.backup import backup, restore
from stationd.runtime.commands.command_line import config_option, configured, end, fail
from stationd.runtime.commands.config import config as config_group
from stationd.runtime.commands.doors import tell_doors
from stationd.runtime.commands.keygen import keygen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stationd.proto.error import StationError
    from stationd.runtime.settings import Settings

# Nothing heavy is imported here: `stationd --version` should answer at once.

EXIT_INTERRUPTED = 130

_verbose = click.option("--verbose", "-v", is_flag=True, help="Tell more in the log.")


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's callback
    if wanted and not context.resilient_parsing:
        from stationd import __version__

        click.echo(f"stationd {__version__}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show it."
)
def main() -> None:
    """Run jobs on a quantum computer's control host.

    Exit codes: 0 stopped in order, 1 failed (the last line says why), 2 wrong usage, 3 already
    running on the same state directory.
    """


@main.command()
@config_option
@_verbose
def serve(config: Path, verbose: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Run the daemon until SIGTERM or Ctrl-C."""
    settings = configured(config).settings
    _log_to_stderr(verbose=verbose)
    _keep_job_log(settings, "daemon")
    from stationd.runtime.daemon import serve as serve_station

    _run(settings, lambda: serve_station(settings, config.resolve()))


@main.command()
@click.argument("name")
@config_option
@_verbose
def controller(name: str, config: Path, verbose: bool) -> None:  # noqa: FBT001 - see serve
    """Run the controller NAME of the configuration until SIGTERM or Ctrl-C."""
    settings = configured(config).settings
    configured_one = settings.controllers.get(name)
    if configured_one is None:
        known = ", ".join(sorted(settings.controllers)) or "none"
        fail(f"{config}: no controller is called {name!r}; known are {known}")
    _log_to_stderr(verbose=verbose, whose=f"[{name}] ")
    _keep_job_log(settings, name)
    from stationd.actors.controller import ControllerSettings, run_controller

    own = ControllerSettings(
        name=name,
        driver=configured_one.driver,
        options=configured_one.options,
        endpoint=settings.instruments_endpoint,
        state=str(settings.controller_state(name)),
        beat_interval=settings.instruments.beat_interval,
    )
    _run(settings, lambda: run_controller(own), whose=f"controller {name}: ")


@main.command("check-config")
@config_option
def check_config(config: Path) -> None:
    """Check the configuration and the keys that it needs, and say what it means."""
    configuration = configured(config)
    settings = configuration.settings
    click.echo(f"{config}: no problems")
    for file in configuration.files[1:]:
        click.echo(f"with                    {file}")
    click.echo(f"clients connect to      {', '.join(settings.api_endpoints)}")
    controllers = (settings.instruments_endpoint, *settings.instruments.listen)
    click.echo(f"controllers connect to  {', '.join(controllers)}")
    tell_doors(settings)
    click.echo(f"metrics                 {settings.metrics.listen or 'off'}")
    click.echo(f"state                   {settings.state}")
    for name, one in settings.controllers.items():
        started = "started by the daemon" if one.start else f"start it: stationd controller {name}"
        click.echo(f"controller {name:<12} {one.driver} ({started})")
    for name, target in settings.targets.items():
        click.echo(f"target {name:<16} {target.controller}")


main.add_command(config_group)
main.add_command(keygen)
main.add_command(backup)
main.add_command(restore)


@main.command()
@config_option
def migrate(config: Path) -> None:
    """Bring the journal of an older version along; the daemon does so too when it starts."""
    state = configured(config).settings.state
    from stationd.proto.error import StationError
    from stationd.runtime.journal.offline import bring_along

    try:
        old, new = bring_along(state)
    except StationError as error:
        end(error)
    if old == new:
        click.echo(f"the journal in {state} has the newest format already, {new}")
    else:
        click.echo(f"the journal in {state} was brought from format {old} to {new}")


def _run(settings: Settings, function: Callable[[], Awaitable[None]], *, whose: str = "") -> None:
    import anyio

    from stationd.proto.error import StationError

    # uvloop is not made for every platform; asyncio's own loop does the same, slower.
    uvloop = settings.station.backend == "asyncio" and find_spec("uvloop") is not None
    options = {"use_uvloop": True} if uvloop else {}
    try:
        anyio.run(function, backend=settings.station.backend, backend_options=options)
    except StationError as error:
        end(error, whose)
    except BaseExceptionGroup as group:
        known, others = group.split(StationError)
        if known is None or others is not None:
            raise
        end(_first(known), whose)
    except KeyboardInterrupt:
        # Before the signal handlers stood, or after they were gone.
        sys.exit(EXIT_INTERRUPTED)


def _first(group: BaseExceptionGroup[StationError]) -> StationError:
    error: StationError | BaseExceptionGroup[StationError] = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _log_to_stderr(*, verbose: bool, whose: str = "") -> None:
    # The daemon's log and those of its children come together.
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format=f"%(asctime)s %(levelname)-7s {whose}%(name)s: %(message)s",
        stream=sys.stderr,
    )


def _keep_job_log(settings: Settings, source: str) -> None:
    from stationd.runtime.job_log import JobLog

    logging.getLogger().addHandler(JobLog(settings.state, source))


if __name__ == "__main__":
    main()
