"""Writes docs/ladder.md and its pictures, and the ladder in README.md: ``make diagram``.

All of it is made from the tables in `actors.ladder`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

from picture import Arrow, Picture

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

_S = JobExecutorStatus
OPENINGS: Final[tuple[type[Event], ...]] = get_args(AttemptOpened)
FILE: Final = Path(__file__).parent / "ladder.md"
README: Final = Path(__file__).parents[1] / "README.md"
ABOUT: Final = {
    _S.VALIDATION_STARTED: "is it a job that this station can run?",
    _S.FETCH_CALIBRATION_STARTED: "the calibration set is pinned to the job",
    _S.COMPILATION_STARTED: "programs become work for controllers",
    _S.SAVE_SWEEP_METADATA_STARTED: "what will be executed is on record",
    _S.PENDING_EXECUTION: "in the queue",
    _S.EXECUTION_STARTED: "the instruments are at work",
    _S.POST_PROCESSING_STARTED: "raw data becomes results",
}
"""What README says of a stage."""

Key = tuple[Course, JobExecutorStatus, type[Event]]

PAGE: Final = """\
# The ladder

A job climbs a ladder of eighteen statuses. Within one attempt it only goes up, is on each rung at
most once, and ends on exactly one of READY, FAILED and ABORTED. This page is made from the tables
in `actors/ladder.py` (`make diagram`), which are what the daemon runs on.

## The climb

![From RECEIVED to READY, and from nearly everywhere to FAILED](ladder-climb.svg)

A cancel before the queue ends the job at once. From the queue on, cancelling is a course of its
own: it ends when the instruments are at rest and what data there is has been kept.

![From PENDING_EXECUTION on, to ABORTED](ladder-cancel.svg)

Another attempt begins when a client retries the job, or by itself if the job asks for that: afresh,
in the queue with what was compiled before, or with the data of the execution that there was. Its
statuses only ascend, too, and what the attempts before it came to stays in the timeline.

![From the ends back to RECEIVED, PENDING_EXECUTION and EXECUTION_ENDED](ladder-again.svg)

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
        rungs=_rungs(),
        transitions=_transitions(),
        ignored=_ignored(),
    )


def pictures() -> dict[str, str]:
    """Return the page's pictures, by the name of their files."""
    climb = _arrows(Course.CLIMBING, Course.FAILING, but=(CancelAccepted, Resumed, *OPENINGS))
    cancel = _arrows(Course.CANCELLING, but=(Resumed, *OPENINGS))
    again = [
        Arrow(status.name, rule.to.name, f"{event.__name__}{_asked(rule)}")
        for (_, status, event), rule in TRANSITIONS.items()
        if event in OPENINGS and rule.to is not None
    ]
    drawn = {"climb": climb, "cancel": cancel, "again": again}
    return {f"ladder-{name}.svg": _picture(arrows) for name, arrows in drawn.items()}


def _arrows(*courses: Course, but: tuple[type[Event], ...]) -> list[Arrow]:
    return [
        Arrow(status.name, (rule.to or status).name, f"{event.__name__}{_asked(rule)}")
        for (course, status, event), rule in TRANSITIONS.items()
        # What leads into a course is drawn with it.
        if event not in but and not {course, rule.course}.isdisjoint(courses)
    ]


def _picture(arrows: list[Arrow]) -> str:
    named = {name for one in arrows for name in (one.start, one.end)}
    shown = [status for status in JobExecutorStatus if status.name in named]
    ends = [status.name for status in shown if status.is_terminal]
    return Picture([status.name for status in shown], ends, arrows).svg()


def rungs_in_words() -> str:
    """Return the ladder as README shows it: a line for each stage, and what it is about."""
    ends = [status.name for status in JobExecutorStatus if status.is_terminal]
    lines: list[tuple[str, str, str]] = []
    for status in JobExecutorStatus:
        begun = status.name.endswith("_ENDED") and lines[-1][0].endswith("_STARTED")
        if begun:
            lines[-1] = (lines[-1][0], status.name, lines[-1][2])
        elif not status.is_terminal:
            lines.append((status.name, "", ABOUT.get(status, "")))
    lines.append((ends[0], f"{ends[1]:<14}{ends[2]}", "the end: one of them"))
    return "\n".join(f"    {one:<29}{two:<28}{about}".rstrip() for one, two, about in lines)


def readme(text: str) -> str:
    """Return README's text with the ladder as it is now."""
    before, begin, rest = text.partition("<!-- ladder -->\n")
    _, end, after = rest.partition("\n<!-- /ladder -->")
    return f"{before}{begin}{rungs_in_words()}{end}{after}"


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
    for file, drawn in pictures().items():
        (FILE.parent / file).write_text(drawn, encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
