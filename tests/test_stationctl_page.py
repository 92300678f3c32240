"""docs/stationctl.md describes every command and every option, with an example of each."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from stationd.client.stationctl.cli import EPILOG, main

PAGE = Path(__file__).parent.parent / "docs" / "stationctl.md"
EVERYWHERE = {"as_json", "help"}
"""Options that mean the same wherever they stand; the page tells of them once."""


def commands(group: click.Group = main, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by what is typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield f"{prefix}{name}", command
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def rows(command: click.Command) -> list[str]:
    """Return the rows of a command's table of options."""
    options = [one for one in command.params if isinstance(one, click.Option)]
    return [
        f"| `{_typed(one)}` | {_said(one)} |"
        for one in options
        if one.name not in EVERYWHERE and "--station" not in one.opts
    ]


def _typed(option: click.Option) -> str:
    names = ", ".join(option.opts)
    if option.is_flag:
        return names
    if option.metavar:
        return f"{names} {option.metavar}"
    if isinstance(option.type, click.Choice):
        return f"{names} {'/'.join(str(choice) for choice in option.type.choices)}"
    return (
        f"{names} N"
        if isinstance(option.type, click.IntRange)
        else f"{names} {option.type.name.upper()}"
    )


def _said(option: click.Option) -> str:
    default = f" [default: {option.default}]" if option.show_default else ""
    return " ".join((option.help or "").split()) + default


def sections() -> dict[str, str]:
    """The page's text about each command."""
    found = re.split(r"^### `stationctl ([^`]+)`$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


COMMANDS = dict(commands())


def test_the_page_has_every_command_and_no_other() -> None:
    assert set(sections()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_as_the_command_describes_it(name: str) -> None:
    described = [line for line in sections()[name].splitlines() if line.startswith("| `")]
    assert described == rows(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    assert re.search(
        rf"^\$ (.*[$(; ])?stationctl {re.escape(name)}\b", sections()[name], re.MULTILINE
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_whether_a_command_prints_json_is_told(name: str) -> None:
    prints = any(parameter.name == "as_json" for parameter in COMMANDS[name].params)
    (plain,) = re.findall(r"All commands but (.*?) take `--json`", PAGE.read_text())
    assert prints == (f"`{name}`" not in plain)


def test_the_exit_codes_are_those_of_the_help() -> None:
    told = re.findall(r"^  (\d+) +(.+)$", EPILOG, re.MULTILINE)
    described = re.findall(r"^\| (\d+) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    assert [code for code, _ in told] == [code for code, _ in described]
    for (_, short), (code, long) in zip(told, described, strict=True):
        assert long.startswith(short), code
