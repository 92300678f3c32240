"""Somebody who types all that a page says: Python, and commands of a shell."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Final, cast

import pytest

from stationd.client.references.job import JobRef
from stationd.client.stationctl.cli import main as stationctl
from tests.pages import ID, ON_A_TERMINAL, ROOT, Block, commands, differs, job_numbers, paired

PATIENCE: Final = 120.0
"""Seconds that a command of a page may take on a slow machine."""
_SHELL: Final = re.compile(r"[$|&;<>()`*~]")
"""What a shell would have to do."""
_NAMED: Final = re.compile(r"\b[0-9a-f]{4,8}(?:-[0-9a-f]{4}){0,3}(?:-[0-9a-f]{1,12})?\b")
_MOVE: Final = re.compile(r"(\n|\r|\x1b\[[?\d;]*[A-Za-z])")
_MOVED: Final = re.compile(r"\r|\x1b\[(?P<far>[?\d;]*)(?P<how>[A-Za-z])")
_TERMINAL: Final = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", "NO_COLOR": "1"}


class Reader:
    """Reads pages, in one Python and one folder.

    Args:
        folder: Where they are: the shell's and Python's working directory.
        environment: The shell's.
        places: What stands in pages for something that is another one here.
        job: What ``JOB`` is in commands.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], places: Mapping[str, str], job: str
    ) -> None:
        self._folder = folder
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {**environment, "PATH": path}
        self._places = places
        self._job = job
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._ids: dict[str, str] = {}
        """By the id or number that stands on the page, what it is here."""

    def read(self, page: Path) -> None:
        """Run a page, and fail where it prints something else than it shows."""
        for block, shown in paired(page.read_text(encoding="utf-8")):
            where = f"{page.relative_to(ROOT)}:{block.line}"
            if block.language == "python":
                self._run_python(block, shown, where)
            elif block.language == "console":
                self._run_console(block, where)

    def _run_python(self, block: Block, shown: Block | None, where: str) -> None:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(self._here(block.text), where, "exec"), self._names)
        self._ids |= {there: str(job.number) for there, job in self._numbers().items()}
        if shown is None:
            return
        difference = differs(shown.text, printed.getvalue(), shown.mark)
        assert not difference, f"{where}: {difference}"

    def _run_console(self, block: Block, where: str) -> None:
        typed = list(commands(block.text))
        printed = (
            self._with_a_shell([command for command, _ in typed], where)
            if any(needs_a_shell(command) for command, _ in typed)
            else self._one_by_one(typed, where, terminal=block.mark == ON_A_TERMINAL)
        )
        for (command, shown), told in zip(typed, printed, strict=False):
            if shown.strip():
                difference = differs(self._here(shown), told, block.mark)
                assert not difference, f"{where}: $ {command}\n{difference}"
                self._learn(shown, told)

    def _with_a_shell(self, typed: Sequence[str], where: str) -> list[str]:
        script = "".join(f"{self._typed(command)}\nprintf '\\0'\n" for command in typed)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{where}: {done.stdout}"
        return done.stdout.split("\0")

    def _one_by_one(
        self, typed: Iterable[tuple[str, str]], where: str, *, terminal: bool
    ) -> Iterable[str]:
        for command, shown in typed:
            _, *words = shlex.split(self._typed(command))
            code, told = run_here(words, terminal=terminal)
            refused = shown.startswith("Error: ")
            assert (code != 0) == refused, f"{where}: $ {command}\nended with {code}\n{told}"
            yield told

    def _typed(self, command: str) -> str:
        return re.sub(r"\bJOB\b", self._job, self._here(command))

    def _here(self, text: str) -> str:
        """Return a page's text with what its places and ids are here."""
        for place, instead in self._places.items():
            text = text.replace(place, instead)
        return _NAMED.sub(lambda found: self._id_here(found[0]), text) if self._ids else text

    def _id_here(self, named: str) -> str:
        found = [here for there, here in self._ids.items() if there.startswith(named)]
        # It may have been shown whole and cut short.
        whole = max(found, key=len, default=named)
        return whole if all(whole.startswith(here) for here in found) else named

    def _learn(self, shown: str, printed: str) -> None:
        """Remember which id of the page is which one here."""
        for find in (ID.findall, job_numbers):
            theirs, ours = find(shown), find(printed)
            if len(theirs) == len(ours):
                self._ids |= dict(zip(theirs, ours, strict=True))

    def _numbers(self) -> dict[str, JobRef]:
        """Return what hidden Python says: by its number on the page, which job is meant."""
        return cast("dict[str, JobRef]", self._names.get("NUMBERS", {}))


def needs_a_shell(command: str) -> bool:
    """Return whether a command is more than words for `stationctl`."""
    return not command.startswith("stationctl ") or _SHELL.search(command) is not None


def run_here(words: Sequence[str], *, terminal: bool) -> tuple[int, str]:
    """Run `stationctl` in this process: a process for each command of the pages takes longer.

    Args:
        words: What follows its name.
        terminal: Whether it draws as for somebody who looks.

    Returns:
        Its exit code, and what is to be seen when it has ended.
    """
    written = BytesIO()
    seen = _Output(written, encoding="utf-8", write_through=True)
    seen.is_terminal = terminal
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(seen), redirect_stderr(seen):
        # Nobody presses a key.
        patch.setattr(sys, "stdin", StringIO())
        for name, value in _TERMINAL.items() if terminal else ():
            patch.setenv(name, value)
        try:
            stationctl.main(list(words), prog_name="stationctl")
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int)
    return code, on_the_screen(written.getvalue().decode())


class _Output(TextIOWrapper):
    """Takes text, and bytes below it, as a pipe or a terminal does."""

    is_terminal = False

    def isatty(self) -> bool:
        return self.is_terminal


def on_the_screen(written: str) -> str:
    """Return what is to be seen in the end of lines that were written, and drawn over."""
    lines, row = [""], 0
    for part in _MOVE.split(written):
        moved = _MOVED.fullmatch(part)
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif moved is None:
            lines[row] += part
        elif moved["how"] == "A":
            row -= int(moved["far"] or 1)
        elif moved["how"] == "K":
            lines[row] = ""
    return "\n".join(lines)
