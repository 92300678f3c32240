"""Lines as text and as JSON: one event a line, with its fields."""

import re
import typing

import msgspec
import pytest

from stationd.actors.about import About
from stationd.actors.log_line import Line
from stationd.runtime.commands import log_options
from stationd.runtime.logs.formats import json, text
from stationd.runtime.logs.settings import Format, Level

JOB = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
LINE = Line(
    time_unix_s=1_700_000_001.5,
    level="WARNING",
    number=30,
    logger="lab.source",
    message=f"job {JOB} is late",
    about=About(job=JOB, attempt=2, code="stage_timeout"),
)
TRACED = msgspec.structs.replace(LINE, trace="Traceback:\n  in _raise\nRuntimeError: warm")


def test_text_stands_in_columns_and_tells_what_the_message_does_not() -> None:
    shown = text(LINE, "daemon", colour=False).decode()
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.500 WARNING  daemon   lab\.source: job ", shown
    )
    assert shown.endswith("is late  attempt=2 code=stage_timeout\n")
    assert shown.count("\n") == 1


def test_a_traceback_in_text_cannot_be_taken_for_events() -> None:
    first, *rest = text(TRACED, "daemon", colour=False).decode().splitlines()
    assert first.startswith("20")
    assert [row.startswith("    | ") for row in rest] == [True] * 3


def test_colours_are_for_terminals() -> None:
    assert b"\x1b" not in text(TRACED, "qpu", colour=False)
    assert b"\x1b[33m" in text(TRACED, "qpu", colour=True)


def test_json_is_one_object_a_line_with_its_fields() -> None:
    data = json(TRACED, "qpu")
    assert data.count(b"\n") == 1
    assert msgspec.json.decode(data) == {
        "time": "2023-11-14T22:13:21.500000Z",
        "level": "warning",
        "source": "qpu",
        "logger": "lab.source",
        "message": LINE.message,
        "job": JOB,
        "attempt": 2,
        "code": "stage_timeout",
        "trace": TRACED.trace,
    }


@pytest.mark.parametrize(
    ("form", "options"), [(Format, log_options.FORMATS), (Level, log_options.LEVELS)]
)
def test_the_options_offer_what_the_configuration_takes(form: object, options: object) -> None:
    assert typing.get_args(form) == options
