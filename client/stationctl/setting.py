"""`set` and `get`: single settings and readings, each time as a job of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import click

from stationd.client.blocking import jobs
from stationd.client.blocking.portal import call
from stationd.client.stationctl.printing import Styled, print_json, print_text
from stationd.client.stationctl.typed.options import F, json_option, station_option, timeout_option
from stationd.client.stationctl.typed.searching import project_option
from stationd.client.submission import setting as asynchronous

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stationd.client.references.job import JobRef
    from stationd.client.submission.setting import ReadoutValue
    from stationd.proto.program import Setting, SettingValue

_TRUE: Final = frozenset({"true", "on", "yes", "1"})
_FALSE: Final = frozenset({"false", "off", "no", "0"})
# What begins with a dash may be a negative number.
_NUMBERS: Final = {"ignore_unknown_options": True}
_NO_WIDTH: Final = 1_000_000
"""Characters of a line: it is broken where the terminal ends, and nowhere else."""
_PRIORITY: Final = click.IntRange(-1000, 1000)


def _as_a_job(command: F) -> F:
    """Add what both commands have, since each of them makes a job."""
    for add in (
        station_option,
        json_option,
        timeout_option,
        click.option("--no-wait", is_flag=True, help="Print the job's id and do not wait for it."),
        click.option("--priority", type=_PRIORITY, default=0, help="The higher goes first."),
        project_option("The project that the job belongs to."),
    ):
        command = add(command)
    return command


@click.command("set", context_settings=_NUMBERS)
@click.argument("pairs", metavar="SETTING VALUE...", nargs=-1, required=True)
@_as_a_job
def set_settings(
    *,
    pairs: tuple[str, ...],
    project: str | None,
    priority: int,
    no_wait: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Set settings of controllers, in a job of its own, and wait until that is done.

    A SETTING has the controller's name before its own, as in lab.source.power; a VALUE is a
    number, true or false, or text, as `stationctl controllers show` says.
    """
    if len(pairs) % 2:
        raise click.UsageError(f"{pairs[-1]!r} has no value: give a VALUE after every SETTING")
    known = _settings()
    wanted = {
        name: value_of(name, text, known.get(name))
        for name, text in zip(pairs[::2], pairs[1::2], strict=True)
    }
    if len(wanted) < len(pairs) // 2:
        raise click.UsageError("a setting is named twice: keep one of its values")
    job = call(asynchronous.start_set, wanted, project=project, priority=priority)
    if _left_alone(job, no_wait=no_wait, as_json=as_json):
        return
    jobs.wait_for(job, timeout=timeout)
    units = {name: known[name].unit if name in known else "" for name in wanted}
    if as_json:
        print_json(
            {
                "job": job.id,
                "number": job.number,
                "settings": [
                    {"name": name, "value": value, "unit": units[name]}
                    for name, value in wanted.items()
                ],
            }
        )
        return
    for name, value in wanted.items():
        _print(name, str(value), units[name])


@click.command("get")
@click.argument("names", metavar="READOUT...", nargs=-1, required=True)
@_as_a_job
def get_readouts(
    *,
    names: tuple[str, ...],
    project: str | None,
    priority: int,
    no_wait: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Take readings, in a job of its own, and print them.

    A READOUT has the controller's name before its own, as in lab.source.power. Settings that can
    be read back are readouts, too.
    """
    job = call(asynchronous.start_get, names, project=project, priority=priority)
    if _left_alone(job, no_wait=no_wait, as_json=as_json):
        return
    jobs.wait_for(job, timeout=timeout)
    found = call(asynchronous.values_of, job)
    if as_json:
        print_json(
            {
                "job": job.id,
                "number": job.number,
                "readouts": [
                    {"name": name, "value": _json(found[name]), "unit": found[name].unit}
                    for name in names
                ],
            }
        )
        return
    for name in names:
        _print(name, _text(found[name]), found[name].unit)


def value_of(name: str, text: str, setting: Setting | None) -> SettingValue:
    """Return a value as a setting takes it; a setting that is not known is for others to refuse.

    Raises:
        click.BadParameter: The text is no such value.
    """
    if setting is None:
        return text
    read, wanted = _READERS[setting.type]
    try:
        return read(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not {wanted}, which {name} takes") from None


def _truth(text: str) -> bool:
    if text.casefold() in _TRUE | _FALSE:
        return text.casefold() in _TRUE
    raise ValueError(text)


def _whole(text: str) -> int:
    return int(text, 0)


_READERS: Final[Mapping[str, tuple[Callable[[str], SettingValue], str]]] = {
    "float": (float, "a number"),
    "int": (_whole, "a whole number"),
    "bool": (_truth, "true or false"),
    "str": (str, "text"),
}


def _settings() -> dict[str, Setting]:
    """Return all settings of the station, by dotted name."""
    return {
        f"{controller.name}.{setting.name}": setting
        for controller in jobs.controllers()
        if controller.capabilities is not None
        for setting in controller.capabilities.settings
    }


def _left_alone(job: JobRef, *, no_wait: bool, as_json: bool) -> bool:
    """Print how to find the job again, if nobody waits for it."""
    if job.notice:
        click.echo(f"Note: {job.notice}", err=True)
    if no_wait and as_json:
        print_json({"job": job.id, "number": job.number})
    elif no_wait:
        click.echo(f"job {job.number}", err=True)
        click.echo(job.id)
    return no_wait


def _print(name: str, value: str, unit: str) -> None:
    print_text(Styled(name, "bold"), f" = {value}{f' {unit}' if unit else ''}")


def _text(found: ReadoutValue) -> str:
    import numpy as np  # noqa: PLC0415 - slow

    if not isinstance(found.value, np.ndarray):
        return str(found.value)
    return np.array2string(found.value, threshold=20, separator=", ", max_line_width=_NO_WIDTH)


def _json(found: ReadoutValue) -> object:
    """Return a value for JSON, which knows no complex numbers: these are pairs."""
    import numpy as np  # noqa: PLC0415 - slow

    array = np.asarray(found.value)
    pairs = (
        np.stack([np.real(array), np.imag(array)], axis=-1) if array.dtype.kind == "c" else array
    )
    return cast("object", pairs.tolist())
