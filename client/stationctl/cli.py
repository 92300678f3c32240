"""`stationctl`: what it is made of, and how it ends.

Commands are imported when they are called, and this file imports nothing slow: `--version` and
completion in the shell should not be felt.
"""

from __future__ import annotations

import atexit
import gc
import importlib
from typing import Final

import click

from stationd import __version__
from stationd.client.stationctl.interruption import INTERRUPTED, be_interruptible

COMMANDS: Final = {
    "annotate": ("annotate", "Change a job's name, description and properties."),
    "audit": ("audit", "Show who has changed what, and who was refused."),
    "calibration": ("calibration", "Import, list, show and choose calibration sets."),
    "cancel": ("cancel", "End jobs that are under way."),
    "compiled": ("compiled", "Show what the compiler made of a job's circuits."),
    "completion": ("completion", "Print the script that completes commands in a shell."),
    "controllers": ("controllers", "Show the station's targets and controllers."),
    "delete": ("delete", "Forget jobs that are over, and their results."),
    "doctor": ("doctor", "Look the station and its computer through, and say what to do."),
    "get": ("setting", "Take readings and print them, in a job of its own."),
    "guards": ("guards", "Show the guards and their last readings."),
    "hold": ("queueing", "Keep jobs in the queue until they are released."),
    "list": ("listing", "List jobs, the newest first."),
    "listen": ("following", "Show every change of jobs until they are over, or of all jobs."),
    "lock": ("locking", "Let nothing begin at a target while you work at it."),
    "logs": ("logs", "Show a job's story: its timeline and what was logged of it."),
    "maintenance": ("maintenance", "Plan times in which nothing begins at a target."),
    "move": ("queueing", "Put a job that waits just before another one."),
    "ping": ("controllers", "Show who answers at the endpoint."),
    "prioritise": ("queueing", "Give a job another priority."),
    "projects": ("projects", "List, make, define and archive projects."),
    "provenance": ("provenance", "Show where a result comes from."),
    "queue": ("queueing", "Show the queue in its order."),
    "release": ("queueing", "Let jobs go that are held."),
    "reset": ("controllers", "Trust a controller in quarantine again."),
    "results": ("results", "Show a job's results, draw them or save them."),
    "retry": ("retry", "Open another attempt of jobs that are over."),
    "service": ("service", "Make the daemon a service of this computer, and look after it."),
    "set": ("setting", "Set settings of controllers, in a job of its own."),
    "show": ("listing", "Show all that is known of a job."),
    "submit": ("submit", "Send circuits or a sweep to the station."),
    "target": ("target", "Pause, drain, resume and reserve targets and controllers."),
    "timeline": ("timeline", "Show which stages jobs went through, and how long each took."),
    "top": ("top", "Show the station live."),
    "unlock": ("locking", "Take your lock off a target."),
    "versions": ("versions", "Show which versions of what ran, and when."),
    "wait": ("following", "Wait until jobs are over."),
    "why": ("queueing", "Explain why a job stands where it stands."),
}
"""Each command's module and its line in the help."""
_FUNCTIONS: Final = {"list": "list_jobs", "set": "set_settings", "get": "get_readouts"}
"""Commands whose names Python has for something else."""

EPILOG: Final = """\b
Exit codes:
  0    done
  1    a job failed or was aborted
  2    wrong usage
  3    the station cannot be reached
  4    refused by the station, or no such job
  5    the wait was over before the job
  130  interrupted by Ctrl-C; jobs go on
  141  nobody reads the output any more; jobs go on

The station is --station, else the environment's STATIOND_ENDPOINT, else the
default of ~/.config/stationd/client.toml, else ipc:///run/stationd/jobs.sock.
JOB is a job's number, its id, or how the id begins."""


_MANY: Final = 50_000
"""Objects: more than a short command makes; one that goes on for hours looks now and then."""


class Stationctl(click.Group):
    """The group of all commands, which looks them up by name and ends with the right code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed; of one that is not there, say which was meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from stationd.client.station.near_names import meant  # noqa: PLC0415 - only then

            ctx.fail(f"there is no command {name!r}{meant(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        name = _FUNCTIONS.get(cmd_name, cmd_name)
        found = getattr(importlib.import_module(f"stationd.client.stationctl.{module}"), name)
        be_interruptible()
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; turn errors into one sentence and an exit code."""
        _be_brief()
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted; jobs go on", err=True)
            ctx.exit(INTERRUPTED)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except Exception as error:  # noqa: BLE001 - what is not ours is raised again
            from stationd.client.stationctl.ending import report  # noqa: PLC0415 - only then

            ctx.exit(report(error))


def _be_brief() -> None:
    """Look for cycles seldom, and never at the end: that takes a fifth of a short command."""
    gc.set_threshold(_MANY, 10, 10)
    atexit.register(gc.freeze)


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it so
    if wanted and not ctx.resilient_parsing:
        click.echo(f"stationctl {__version__}")
        ctx.exit()


@click.group(
    cls=Stationctl, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version,
    help="Show it.",
)  # fmt: skip
@click.option("--station", metavar="STATION", help="Its endpoint, or its name in client.toml.")
@click.option("--station-key", metavar="KEY", help="Its public key, for tcp://.")
@click.option("--key-file", metavar="FILE", help="Your secret key, for tcp://.")
def main(station: str | None, station_key: str | None, key_file: str | None) -> None:
    """Send jobs to a station, follow them and fetch their results."""
    if station or station_key or key_file:
        from stationd.client.connection.endpoint import choose  # noqa: PLC0415 - not for --version

        choose(station=station or "", station_key=station_key or "", key_file=key_file or "")
