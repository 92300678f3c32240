"""Lines of the log as values: what they are about, and that nothing in them can pretend."""

import logging

from stationd.actors import log_line
from stationd.actors.about import AT_WORK, NOTHING, About, extra
from stationd.actors.log_line import Line, line_of

JOB = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"


def line(message: str, *args: object, home: About = NOTHING, **given: object) -> Line:
    """What a call of logging would make."""
    record = logging.LogRecord("lab", logging.WARNING, "lab.py", 7, message, args, None)
    vars(record).update(given)
    return line_of(record, home)


def test_a_name_cannot_begin_another_line() -> None:
    found = line("job named %r is bad: %s", "a", "\n2026-11-22 12:00:00 INFO all is well\x1b[2K\r")
    assert found.message.endswith(r"bad: \n2026-11-22 12:00:00 INFO all is well\x1b[2K\r")


def test_what_a_message_names_is_what_it_is_about() -> None:
    found = line("%d%% of job %s: controller %s, ticket %d", 3, JOB, "qpu", 9)
    assert found.about == About(job=JOB, controller="qpu", ticket=9)


def test_text_from_outside_names_nothing() -> None:
    assert line("a driver said: %s", f"job {JOB}").about == NOTHING


def test_what_is_given_goes_before_what_is_known_and_that_before_the_process() -> None:
    token = AT_WORK.set(About(job="at work", attempt=2))
    try:
        found = line("x", home=About(job="home", controller="qpu"), **extra(About(job="given")))
    finally:
        AT_WORK.reset(token)
    assert found.about == About(job="given", attempt=2, controller="qpu")


def test_a_message_that_does_not_fit_its_arguments_is_told_all_the_same() -> None:
    assert "not enough arguments" in line("job %s: %s", JOB).message


def test_what_is_long_is_cut() -> None:
    found = line("x" * 10_000)
    assert len(found.message) < log_line.LONGEST_MESSAGE + 100
    assert found.message.endswith("(10,000 characters)")


def test_a_traceback_keeps_its_lines_and_nothing_else_of_an_errors_text() -> None:
    error = RuntimeError("warm\n\x1b[31mred")
    found = line("x", exc_info=(RuntimeError, error, None))
    assert found.trace.split("\n") == ["RuntimeError: warm", "\\x1b[31mred"]
