"""Pages of Markdown as programs: their blocks of Python and of a console are run.

What a page shows after a command of a console, they print; and what it shows after Python in a
block with a mark. A mark is a comment in the line above a block:

- ``<!-- output -->``: what the block before it prints. ``...`` stands for anything in its line,
  and in a line of its own for any lines.
- ``<!-- output from some line on -->``: the same, but how early it begins depends on who is
  faster, the station or the reader.
- ``<!-- live -->``: of what a console shows below a command, all lines but the last may be missing:
  which changes are seen depends on who is faster.
- ``<!-- on a terminal -->``: a console's commands draw as on a terminal. Numbers and the length of
  bars may differ.
- ``<!-- not run: REASON -->``: the block is shown only.

``<!-- first`` and ``-->`` enclose Python that runs before what follows, and is not shown. It may
say which jobs are meant by numbers that nothing on the page has printed, as in
``NUMBERS = {"1042": job}``. Where a command names a job by its number, that has four digits, so
that it is like no other number.
`tests.page_reader` runs all of it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import ndiff
from itertools import zip_longest
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "[a-z]*/README.md", "tests/*/README.md")
    for page in ROOT.glob(pattern)
)
FROM_SOME_LINE_ON: Final = "output from some line on"
LIVE: Final = "live"
ON_A_TERMINAL: Final = "on a terminal"
ID: Final = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=\d*[a-f])[0-9a-f]{8}\b|\b\d{8}\b"
)
"""An id, or how one begins."""
_NUMBERED: Final = re.compile(
    r"\bjob +(\d+)\b|^(\d+)(?= (?:is|was|has|runs) )|^[\d:.]{12}  (\d+)(?=  [A-Z])", re.MULTILINE
)
"""The number of a job outside of tables."""
_HEAD: Final = re.compile(r"(?:^|  )(JOB|RUNNING)(?:  |$)")
_CELL: Final = re.compile(r"\d+(?=  |$| \(moved\))")
_BLOCK: Final = re.compile(
    r"(?:^<!-- first\n(?P<first>.*?)^-->\n)"
    r"|(?:^<!-- (?P<mark>[^\n]*?) -->\n)?"
    r"^(?P<fence>`{3,})(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_SHORT_LIVED: Final = (
    (re.compile(r"[ \t\xa0]+"), " "),
    (ID, "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min|h)\b( \d+ (s|min)\b)?"), "<duration>"),
    (re.compile(r", (about )?<duration> left\b"), ""),
    (re.compile(r"\b[\d,]+/(?=[\d,]+ (shots|points)\b)"), "<done>/"),
    (re.compile(r"\b[\d,]+ bytes\b"), "<size>"),
    (re.compile(r"\bstationd \d+\.\d+\.\d+\S*"), "<version>"),
    (re.compile(r" $", re.MULTILINE), ""),
)
"""What is another one each time, and what replaces it on both sides."""
_BAR: Final = re.compile("[\u2500-\u259f](?:[\u2500-\u259f ]*[\u2500-\u259f])?")
"""Anything made of boxes and blocks."""
_LEGEND: Final = re.compile(r"(<bar> [a-z-]+ <duration> ?)+$", re.MULTILINE)
"""Of bars of stages: which took long enough to be told is another thing each time."""
_NUMBER: Final = re.compile(r"\b\d[\d,.]*\b")


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
        return self.mark in {"output", FROM_SOME_LINE_ON}


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


def differs(shown: str, printed: str, mark: str = "") -> str:
    """Return how what was printed differs from what a page shows; empty if it does not.

    Args:
        shown: On the page.
        printed: By the command.
        mark: The block's.
    """
    want, got = (_compared(text, mark).splitlines() for text in (shown, printed))
    starts = range(len(want)) if mark == FROM_SOME_LINE_ON else [0]
    if any(_matches(want[start:], got, some=mark == LIVE) for start in starts):
        return ""
    return "\n".join(["", *ndiff(want, got)])


def _matches(want: Sequence[str], got: Sequence[str], *, some: bool) -> bool:
    parts = [
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*?") + r"\n"
        for line in want
    ]
    if some:
        parts[:-1] = [f"(?:{part})?" for part in parts[:-1]]
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in got)) is not None


def _compared(text: str, mark: str) -> str:
    if mark != ON_A_TERMINAL:
        return settled(text)
    drawn = _LEGEND.sub("<legend>", settled(_BAR.sub("<bar>", text)))
    return _NUMBER.sub("<number>", drawn)


def job_numbers(text: str) -> list[str]:
    """Return the numbers of jobs in what a command prints, in its order."""
    return [text[start:end] for start, end in _places(text)]


def _places(text: str) -> list[tuple[int, int]]:
    """Return where numbers of jobs stand: in words, and below JOB and RUNNING in tables."""
    found = [
        (one.start(one.lastindex), one.end()) for one in _NUMBERED.finditer(text) if one.lastindex
    ]
    begin, columns = 0, list[int]()
    for line in text.splitlines(keepends=True):
        heads = [head.start(1) for head in _HEAD.finditer(line.rstrip())]
        columns = heads or (columns if line.strip() else [])
        cells = [_CELL.match(line.rstrip(), column) for column in columns]
        found += [(begin + cell.start(), begin + cell.end()) for cell in cells if cell is not None]
        begin += len(line)
    return sorted(set(found))


def settled(text: str) -> str:
    """Return a text without what is another one each time."""
    for start, end in reversed(_places(text)):
        text = f"{text[:start]}<job>{text[end:]}"
    for pattern, instead in _SHORT_LIVED:
        text = pattern.sub(instead, text)
    return text.strip("\n")
