"""Writes docs/ladder.md from the tables in `actors.ladder`: ``make diagram``."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

from stationd.actors.ladder import (
    IGNORED,
    TRANSITIONS,
    AttemptOpened,
    CancelAccepted,
    Course,
    Effect,
    Event,
    Resumed,
    Rule,
    rungs,
)
from stationd.proto.job import JobKind
from stationd.proto.status import JobExecutorStatus, coarse_status

OPENINGS: Final[tuple[type[Event], ...]] = get_args(AttemptOpened)
FILE: Final = Path(__file__).parent / "ladder.md"

Key = tuple[Course, JobExecutorStatus, type[Event]]

PAGE: Final = """\
# The ladder

A job climbs a ladder of eighteen statuses. Within one attempt it only goes up, is on each rung at
most once, and ends on exactly one of READY, FAILED and ABORTED. This page is made from the tables
in `actors/ladder.py` (`make diagram`), which are what the daemon runs on.

## The climb

```mermaid
stateDiagram-v2
{climb}
```

A cancel before the queue ends the job at once. From the queue on, cancelling is a course of its
own: it ends when the instruments are at rest and what data there is has been kept.

```mermaid
stateDiagram-v2
{cancel}
```

Another attempt begins when a client retries the job, or by itself if the job asks for that: afresh,
in the queue with what was compiled before, or with the data of the execution that there was. Its
statuses only ascend, too, and what the attempts before it came to stays in the timeline.

```mermaid
stateDiagram-v2
{again}
```

## The rungs

Which kind of job visits which rung, and the coarse status that users of the jobs API see. That is
CANCELLING while a cancel is under way, and RETRYING while a later attempt has not reached the
queue.

{rungs}

## Every transition

{transitions}

What is ignored, and why:

{ignored}

Any other pair of status and event is a bug, and raises `UnexpectedEvent` with the job's story.
"""


def page() -> str:
    """Return the whole page."""
    return PAGE.format(
        climb=_diagram(Course.CLIMBING, Course.FAILING, but=(CancelAccepted, Resumed, *OPENINGS)),
        cancel=_diagram(Course.CANCELLING, but=(Resumed, *OPENINGS)),
        again=_attempts(),
        rungs=_rungs(),
        transitions=_transitions(),
        ignored=_ignored(),
    )


def _diagram(*courses: Course, but: tuple[type[Event], ...]) -> str:
    lines = ["[*] --> RECEIVED"] if Course.CLIMBING in courses else []
    ends: dict[str, None] = {}
    for (course, status, event), rule in TRANSITIONS.items():
        # What leads into a course is drawn with it.
        if event not in but and not {course, rule.course}.isdisjoint(courses):
            to = status if rule.to is None else rule.to
            lines.append(f"{status.name} --> {to.name}: {event.__name__}{_asked(rule)}")
            if to.is_terminal:
                ends[f"{to.name} --> [*]"] = None
    return "\n".join(f"    {line}" for line in (*lines, *ends))


def _attempts() -> str:
    lines = {
        f"    {status.name} --> {rule.to.name}: {event.__name__}{_asked(rule)}": None
        for (_, status, event), rule in TRANSITIONS.items()
        if event in OPENINGS and rule.to is not None
    }
    return "\n".join(lines)


def _asked(rule: Rule) -> str:
    shown = [effect.value for effect in rule.effects if effect not in {Effect.CONTINUE, Effect.END}]
    return f" / {', '.join(shown)}" if shown else ""


def _rungs() -> str:
    kinds: tuple[JobKind, ...] = get_args(JobKind)
    visits = {kind: rungs(kind) for kind in kinds}
    head = ["status", *(f"`{kind}`" for kind in kinds), "coarse"]
    rows = [
        [
            status.name,
            *(
                "end" if status.is_terminal else "x" if status in visits[kind] else ""
                for kind in kinds
            ),
            coarse_status(status).name,
        ]
        for status in JobExecutorStatus
    ]
    return _table(head, rows)


def _transitions() -> str:
    # What happens after a restart comes last.
    ordered = sorted(TRANSITIONS.items(), key=lambda item: item[0][2] is Resumed)
    rows = [[*_cells(key), *_outcome(rule)] for key, rule in ordered]
    return _table(["course", "in status", "on event", "goes to", "course then", "asks for"], rows)


def _ignored() -> str:
    rows = [[*_cells(key), reason] for key, reason in IGNORED.items()]
    return _table(["course", "in status", "event", "because"], sorted(rows))


def _cells(key: Key) -> list[str]:
    course, status, event = key
    return [course.value, status.name, event.__name__]


def _outcome(rule: Rule) -> list[str]:
    return [
        rule.to.name if rule.to else "",
        rule.course.value if rule.course else "",
        ", ".join(effect.value for effect in rule.effects),
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
