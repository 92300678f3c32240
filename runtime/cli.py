"""The command `stationd`: the daemon, its controllers, and checking their configuration."""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stationd import __version__
from stationd.runtime.commands.backup import backup, restore
from stationd.runtime.commands.check_config import check_config
from stationd.runtime.commands.check_driver import check_driver
from stationd.runtime.commands.command_line import config_option, configured, end, fail
from stationd.runtime.commands.config import config as config_group
from stationd.runtime.commands.doctor import doctor
from stationd.runtime.commands.key_option import credentials_of, key_file_option
from stationd.runtime.commands.keygen import keygen
from stationd.runtime.commands.log_options import log_options, logs_of
from stationd.runtime.commands.verify import verify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stationd.proto.error import StationError
    from stationd.runtime.journal.beginning import Beginning
    from stationd.runtime.logs.logs import Logs
    from stationd.runtime.logs.settings import Format, Level
    from stationd.runtime.settings import Settings

# Nothing heavy is imported here: `stationd --version` should answer at once.

EXIT_INTERRUPTED = 130


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's callback
    if wanted and not context.resilient_parsing:
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
@log_options
def serve(
    config: Path,
    log_format: Format | None,
    log_level: Level | None,
    verbose: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C."""
    # What a start makes stays; `garbage.settle` looks for cycles from then on.
    gc.disable()
    settings = configured(config).settings
    logs = logs_of(settings.log, log_format, log_level, verbose=verbose)
    with _journal_begun(settings.state) as beginning:
        # Only now: the journal's processes start meanwhile.
        from stationd.runtime.daemon import serve as serve_station

        _run(settings, logs, lambda: serve_station(settings, config.absolute(), beginning))


@main.command()
@click.argument("name")
@config_option
@key_file_option
@log_options
def controller(
    name: str,
    config: Path,
    log_format: Format | None,
    log_level: Level | None,
    verbose: bool,  # noqa: FBT001 - see serve
) -> None:
    """Run the controller NAME of the configuration until SIGTERM or Ctrl-C."""
    gc.disable()  # as in serve
    settings = configured(config).settings
    configured_one = settings.controllers.get(name)
    if configured_one is None:
        known = ", ".join(sorted(settings.controllers)) or "none"
        fail(f"{config}: no controller is called {name!r}; known are {known}")
    from stationd.actors.about import About
    from stationd.actors.controller.job_lines import JobLines
    from stationd.actors.controller.process import run_controller
    from stationd.actors.controller.settings import ControllerSettings

    own = ControllerSettings(
        name=name,
        driver=configured_one.driver,
        options=configured_one.options,
        endpoint=settings.instruments_endpoint,
        credentials=credentials_of(settings, name),
        state=str(settings.controller_state(name)),
        beat_interval=settings.instruments.beat_interval,
    )
    lines = JobLines(About(controller=name))
    logs = logs_of(
        settings.log, log_format, log_level, verbose=verbose, controller=name, also=[lines]
    )
    _run(settings, logs, lambda: run_controller(own, log=lines), whose=f"controller {name}: ")


main.add_command(check_config)
main.add_command(config_group)
main.add_command(keygen)
main.add_command(check_driver)
main.add_command(backup)
main.add_command(restore)
main.add_command(doctor)
main.add_command(verify)


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


def _journal_begun(state: Path) -> Beginning:
    from stationd.proto.error import StationError
    from stationd.runtime.journal.beginning import Beginning

    try:
        return Beginning(state)
    except StationError as error:
        end(error)


def _run(
    settings: Settings, logs: Logs, function: Callable[[], Awaitable[None]], *, whose: str = ""
) -> None:
    import anyio

    from stationd.proto.error import StationError

    # uvloop is not made for every platform; asyncio's own loop does the same, slower.
    uvloop = settings.station.backend == "asyncio" and find_spec("uvloop") is not None
    options = {"use_uvloop": True} if uvloop else {}
    try:
        # What was logged is out before the last line says why we end.
        with logs:
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


if __name__ == "__main__":
    main()
