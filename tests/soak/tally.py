"""What came of a soak, for people and for programs.

python -m tests.soak.tally /tmp/soak.json    # as docs/reliability.md shows it
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from tests.soak.look import PASSED
from tests.soak.plan import PROCESSES, Cell, Process, as_rows

FULL_RUN: Final = 100
"""From so many kills on every cell of the matrix must be met."""


class Tally(Struct, frozen=True, kw_only=True):
    """The figures of one run."""

    seed: int
    seconds: float
    kills: dict[Process, int]
    stops: dict[str, int]
    """By process, and what the stop was longer than."""
    matrix: dict[str, dict[Process, int]]
    """By rung and process: in how many kills a job was there."""
    passed: list[str]
    """The rungs on which no job is ever found: on these it was on its way past."""
    empty: int
    """Cells of the matrix that no kill has met."""
    jobs: dict[str, int]
    """By kind."""
    outcomes: dict[str, int]
    """By the last status, and by the error of those that failed."""
    acknowledged: int
    cancelled: int
    retries: dict[str, int]
    """By what they were answered."""
    executions: int
    facts: int
    told: int
    """Facts that were told to listeners, and compared."""
    stories: int
    """Listeners."""
    violations: list[str]


def has_failed(tally: Tally) -> bool:
    """Whether something is broken, or a full run has left out what it should have tried."""
    full = sum(tally.kills.values()) >= FULL_RUN
    return bool(tally.violations) or (full and tally.empty > 0)


def matrix_of(matrix: Mapping[Cell, int]) -> dict[str, dict[Process, int]]:
    """Return a matrix by names."""
    return {
        str(status): dict(zip(PROCESSES, counts, strict=True)) for status, counts in as_rows(matrix)
    }


def as_json(tally: Tally) -> bytes:
    """Return a tally for a file."""
    return msgspec.json.format(msgspec.json.encode(tally), indent=2) + b"\n"


def show(tally: Tally) -> None:
    """Print a tally."""
    console = Console(width=100)
    table = Table(title="Kills with at least one job on the rung, by process killed")
    table.add_column("rung")
    for process in PROCESSES:
        table.add_column(process, justify="right")
    for rung, counts in tally.matrix.items():
        mark = " *" if rung in tally.passed else ""
        table.add_row(rung + mark, *(str(count or "-") for count in counts.values()))
    table.add_section()
    table.add_row("kills", *(str(tally.kills.get(process, 0)) for process in PROCESSES))
    console.print(table)
    console.print(
        "* is stored in one transaction with the rung after it, or ends the job: counted is who was"
        " on the way past it,\n  in the daemon's memory and not yet on disk.",
    )
    for name, value in _lines(tally):
        console.print(f"{name:>14}  {value}", highlight=False, soft_wrap=True)


def _lines(tally: Tally) -> list[tuple[str, str]]:
    return [
        ("seed", str(tally.seed)),
        ("seconds", f"{tally.seconds:.0f}"),
        ("stops", _listed(tally.stops)),
        ("jobs", _listed(tally.jobs)),
        ("outcomes", _listed(tally.outcomes)),
        ("acknowledged", f"{tally.acknowledged:,}, {tally.cancelled:,} of them cancelled"),
        ("retries", _listed(tally.retries)),
        ("executions", f"{tally.executions:,} by null drivers, none of a ticket twice"),
        ("stories", f"{tally.stories:,} with {tally.told:,} facts of {tally.facts:,} stored"),
        ("empty cells", str(tally.empty)),
        ("violations", str(len(tally.violations))),
    ]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def passed() -> list[str]:
    """Return the rungs that are only passed."""
    return [str(status) for status in PASSED] + ["ready", "failed", "aborted"]


def as_markdown(tally: Tally) -> str:
    """Return a tally for a page."""
    rows = [["rung", *PROCESSES], ["---", *(["---:"] * len(PROCESSES))]]
    for rung, counts in tally.matrix.items():
        mark = " *" if rung in tally.passed else ""
        rows.append([rung.upper() + mark, *map(str, counts.values())])
    rows.append(["kills", *(str(tally.kills.get(process, 0)) for process in PROCESSES)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return table + "\n\n" + "\n".join(f"- {name}: {value}" for name, value in _lines(tally))


if __name__ == "__main__":
    found = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Tally)
    sys.stdout.write(as_markdown(found) + "\n")
