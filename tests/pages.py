"""Pages of Markdown as programs: their blocks of Python and of a console are run.

What a page shows after a command of a console, they print; and what it shows after Python in a
block with a mark. A mark is a comment in the line above a block:

- ``<!-- output -->``: what the block before it prints. ``...`` stands for anything in its line,
  and in a line of its own for any lines.
- ``<!-- output from some line on -->``: the same, but how early it begins depends on who is
  faster, the station or the reader.
- ``<!-- not run: REASON -->``: the block is shown only.

``<!-- first`` and ``-->`` enclose Python that runs before what follows, and is not shown.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import ndiff
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "[a-z]*/README.md", "tests/*/README.md")
    for page in ROOT.glob(pattern)
)
PATIENCE: Final = 120.0
"""Seconds that a command of a page may take on a slow machine."""

_FROM_SOME_LINE_ON: Final = "output from some line on"
_BLOCK: Final = re.compile(
    r"(?:^<!-- first\n(?P<first>.*?)^-->\n)"
    r"|(?:^<!-- (?P<mark>[^\n]*?) -->\n)?"
    r"^(?P<fence>`{3,})(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_SHORT_LIVED: Final = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b(?=\d*[a-f])[0-9a-f]{8}\b|\b\d{8}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min|h)\b( \d+ (s|min)\b)?"), "<duration>"),
    (re.compile(r"\bstationd \d+\.\d+\.\d+\S*"), "<version>"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)
"""What is another one each time, and what replaces it on both sides."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    line: int
    """Of its first line of text."""
    language: str
    text: str
    mark: str = ""

    @property
    def is_shown_only(self) -> bool:
        """Whether the page says why it is not run."""
        return self.mark.startswith("not run: ")

    @property
    def is_output(self) -> bool:
        """Whether it shows what the block before it prints."""
        return self.mark in {"output", _FROM_SOME_LINE_ON}


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, and its hidden code as such."""
    for found in _BLOCK.finditer(page):
        if found["first"] is not None:
            yield Block(page.count("\n", 0, found.start("first")) + 1, "python", found["first"])
        else:
            line = page.count("\n", 0, found.start("text")) + 1
            yield Block(line, found["language"], found["text"], found["mark"] or "")


def paired(page: str) -> Iterator[tuple[Block, Block | None]]:
    """Yield the blocks that are run, each with what the page says it prints, if it does."""
    found = list(blocks(page))
    for block, after in zip_longest(found, found[1:]):
        if not block.is_output and not block.is_shown_only:
            yield block, after if after is not None and after.is_output else None


def commands(console: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console, and what follows each of them."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:.*\\\n)*.*", part)
        assert command is not None
        yield command[0], part[command.end() + 1 :]


def differs(shown: str, printed: str, *, from_some_line_on: bool = False) -> str:
    """Return how what was printed differs from what a page shows; empty if it does not."""
    want, got = settled(shown).splitlines(), settled(printed).splitlines()
    starts = range(len(want)) if from_some_line_on else [0]
    if any(_matches(want[start:], got) for start in starts):
        return ""
    return "\n".join(["", *ndiff(want, got)])


def _matches(want: Sequence[str], got: Sequence[str]) -> bool:
    parts = [
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*?") + r"\n"
        for line in want
    ]
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in got)) is not None


def settled(text: str) -> str:
    """Return a text without what is another one each time."""
    for pattern, instead in _SHORT_LIVED:
        text = pattern.sub(instead, text)
    return text.strip("\n")


class Reader:
    """Somebody who types all that a page says, in one Python and one shell.

    Args:
        folder: Where they are: the shell's and Python's working directory.
        environment: The shell's.
        places: What stands in pages for something that is another one here.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], places: Mapping[str, str]
    ) -> None:
        self._folder = folder
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {**environment, "PATH": path}
        self._places = places
        self._names: dict[str, object] = {"__name__": "__main__"}

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
        if shown is None:
            return
        difference = differs(
            shown.text,
            printed.getvalue(),
            from_some_line_on=shown.mark == _FROM_SOME_LINE_ON,
        )
        assert not difference, f"{where}: {difference}"

    def _run_console(self, block: Block, where: str) -> None:
        typed = list(commands(block.text))
        script = "".join(f"{command}\nprintf '\\0'\n" for command, _ in typed)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._here(script)],
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
        for (command, shown), printed in zip(typed, done.stdout.split("\0"), strict=False):
            difference = differs(self._here(shown), printed) if shown.strip() else ""
            assert not difference, f"{where}: $ {command}\n{difference}"

    def _here(self, text: str) -> str:
        for place, instead in self._places.items():
            text = text.replace(place, instead)
        return text
