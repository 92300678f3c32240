"""The log of a process: where it goes, and what changes while it runs."""

import logging
import os
from collections.abc import Iterator

import msgspec
import pytest

from stationd.runtime.logs import logs as module
from stationd.runtime.logs.logs import Logs, reload, statistics
from stationd.runtime.logs.settings import Log
from stationd.runtime.settings import SettingsError, parse

NAME = "tests.runtime.logs"
log = logging.getLogger(NAME)


@pytest.fixture(autouse=True)
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A pipe instead of stderr; its end to read from."""
    reads, writes = os.pipe()
    monkeypatch.setattr(module, "_STDERR", writes)
    root, level = logging.getLogger(), logging.getLogger().level
    yield reads
    root.setLevel(level)
    os.close(writes)
    os.close(reads)


def said(stderr: int) -> list[str]:
    """What has been logged, once the log is closed."""
    os.set_blocking(stderr, False)
    return os.read(stderr, 1 << 16).decode().splitlines()


def test_what_is_below_the_level_is_not_told(stderr: int) -> None:
    with Logs(Log(level="warning")):
        log.info("quiet")
        log.warning("loud")
        assert statistics().lines == {"WARNING": 1}
    (line,) = said(stderr)
    assert line.endswith(f"WARNING  daemon   {NAME}: loud")
    assert statistics().lines == {}


def test_single_loggers_have_levels_of_their_own(stderr: int) -> None:
    with Logs(Log(level="error", levels={NAME: "debug"})):
        log.debug("seen")
        logging.getLogger("others").warning("unseen")
    assert [line.rpartition(" ")[2] for line in said(stderr)] == ["seen"]
    # The next log of the process is not told what this one was.
    with Logs(Log(level="error")):
        log.warning("unseen")
    assert log.getEffectiveLevel() == logging.ERROR


def test_settings_can_change_while_it_runs(stderr: int) -> None:
    with Logs(Log(), controller="qpu"):
        log.debug("unseen")
        reload(Log(level="debug", format="json"))
        log.debug("seen")
    (line,) = said(stderr)
    assert msgspec.json.decode(line)["source"] == "qpu"


def test_the_command_line_goes_before_the_configuration(stderr: int) -> None:
    with Logs(Log(format="text"), level="error", form="json"):
        reload(Log(level="debug", format="text"))
        log.warning("unseen")
        log.error("seen")
    assert [msgspec.json.decode(line)["message"] for line in said(stderr)] == ["seen"]


def test_warnings_of_libraries_are_part_of_the_log(stderr: int) -> None:
    with Logs(Log()):
        logging.getLogger("py.warnings").warning("%s", "lib.py:3: DeprecationWarning: old\n")
    (line,) = said(stderr)
    assert line.endswith(r"old\n")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"level": "loud"}, "log.level"),
        ({"format": "xml"}, "known are auto, text, json, journald"),
        ({"levels": {"stationd": "loud"}}, "log.levels"),
        ({"colour": True}, "log.colour: there is no such key"),
    ],
)
def test_settings_that_make_no_sense_are_told_by_file_and_key(
    table: dict[str, object], words: str
) -> None:
    with pytest.raises(SettingsError, match=r"stationd\.toml: ") as raised:
        parse({"log": table}, "stationd.toml")
    assert words in str(raised.value)
