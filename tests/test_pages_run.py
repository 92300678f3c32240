"""Whoever types what the pages say sees what they show: README.md and docs, on a real station."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from stationd import jobs
from stationd.client.connection import endpoint as chosen
from stationd.client.connection import shared
from stationd.client.connection.connection import Connection
from tests.end_to_end.station import Station
from tests.page_reader import PATIENCE, Reader, needs_a_shell, on_the_screen
from tests.pages import (
    FROM_SOME_LINE_ON,
    LIVE,
    ON_A_TERMINAL,
    PAGES,
    ROOT,
    differs,
    job_numbers,
    paired,
)

FIRST = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    ROOT / "docs" / "how-to" / "calibration.md",
]
"""A calibration set changes what the first two count; what the third imports is the first one."""
RUN = sorted(
    (
        page
        for page in PAGES
        if any(one.language in {"python", "console"} for one, _ in paired(page.read_text()))
    ),
    key=lambda page: FIRST.index(page) if page in FIRST else len(FIRST),
)
EXAMPLE = (ROOT / "examples" / "stationd.toml").read_text(encoding="utf-8")


def parts() -> str:
    """The controllers and targets of the station that the pages start."""
    _, _, controllers = EXAMPLE.partition("[controllers.")
    return "[controllers." + controllers.replace("/tmp/stationd", "{folder}")


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    station = Station("asyncio", parts(), settings=[('"test"', '"playground"')]).start()
    try:
        station.wait_connected("qpu", "source", "readout")
        yield station
        assert station.stop() == 0
        station.check()
    finally:
        station.close()


@pytest.fixture(scope="module")
def job(station: Station) -> str:
    """A job that has failed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chosen, "_chosen", [chosen.Choice(station=station.endpoint)])
        failed = jobs.submit(programs="OPENQASM 3.0;\nqubit q;\nhadamard q;\n", n_shots=1)
        jobs.wait_for(failed, "ERROR")
        jobs.close()
    return str(failed.number)


@pytest.fixture
def reader(station: Station, job: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    metrics = re.search(r"metrics at (http://[\d.:]+)", station.log)
    assert metrics is not None, station.log
    folder = Path(tempfile.mkdtemp(prefix="page-", dir="/tmp"))
    shutil.copytree(ROOT / "examples", folder / "examples")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(chosen, "_chosen", [])
    # A busy machine's daemon is not to be taken for one that is not there.
    patient = partial(Connection, answer_wait=PATIENCE, connect_wait=PATIENCE)
    monkeypatch.setattr(shared, "Connection", patient)
    monkeypatch.setenv("STATIOND_ENDPOINT", station.endpoint)
    places = {
        "ipc:///tmp/stationd/jobs.sock": station.endpoint,
        "http://127.0.0.1:9555": metrics[1],
        "/tmp/stationd/state": f"{station.folder}/state",
        "examples/stationd.toml": str(station.config),
    }
    try:
        yield Reader(folder, station.environment, places, job)
    finally:
        # A page that fails half-way may have paused it.
        jobs.resume_target("qpu")
        jobs.close()
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_whoever_types_what_a_page_says_sees_what_it_shows(page: Path, reader: Reader) -> None:
    reader.read(page)


SHOWN = "QUEUED\n...\nRUNNING ... shots\nREADY at 2026-11-22 07:08:31\n"


@pytest.mark.parametrize(
    "printed",
    [
        "QUEUED\nRUNNING 7 shots\nREADY at 2031-01-01 00:00:00\n",
        "QUEUED\nQUEUED\nQUEUED\nRUNNING 7 of 8 shots\nREADY  at 2031-01-01 00:00:00",
    ],
)
def test_what_is_left_out_and_what_is_short_lived_may_differ(printed: str) -> None:
    assert not differs(SHOWN, printed)


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "RUNNING 7 shots\nREADY at 2031-01-01 00:00:00\n",
        "QUEUED\nRUNNING 7 shots\nFAILED at 2031-01-01 00:00:00\n",
        "QUEUED\nRUNNING 7 shots\nREADY at 2031-01-01 00:00:00\nREADY\n",
    ],
)
def test_anything_else_is_a_difference(printed: str) -> None:
    assert differs(SHOWN, printed)


LIVE_LINES = "QUEUED\nRUNNING\n...\nREADY\n"


@pytest.mark.parametrize("printed", ["READY\n", "RUNNING\nREADY\n", "QUEUED\nENDED\nREADY\n"])
def test_of_what_is_live_some_lines_may_be_missing(printed: str) -> None:
    assert not differs(LIVE_LINES, printed, LIVE)


@pytest.mark.parametrize("printed", ["", "QUEUED\n", "QUEUED\nRUNNING\nFAILED\n"])
def test_of_what_is_live_the_end_counts(printed: str) -> None:
    assert differs(LIVE_LINES, printed, LIVE)


def test_a_job_s_number_may_differ_and_what_a_number_counts_may_not() -> None:
    shown = (
        "JOB   NAME  SHOTS\n1042  bell  7\n\n1042 is held: job 1042\n04:25:39.922  1042  READY\n"
    )
    told = "JOB  NAME  SHOTS\n3    bell  7\n\n3 is held: job 3\n04:25:39.935  3  READY\n"
    assert not differs(shown, told)
    assert differs(shown, told.replace("bell  7", "bell  8"))
    assert job_numbers(told) == ["3"] * 4


DRAWN = "11  2,013  ██████▎\n00  1,987  █████\n█ queue 1.2 s   █ execute 2.6 s\n"


def test_numbers_and_bars_on_a_terminal_may_differ_and_words_may_not() -> None:
    told = "11  977  ███\n00  1,023 ████\n█ execute 1 min 02 s\n"
    assert not differs(DRAWN, told, ON_A_TERMINAL)
    assert differs(DRAWN, told.replace("███\n", "\n", 1), ON_A_TERMINAL)
    assert differs(DRAWN, f"{told}more\n", ON_A_TERMINAL)


def test_what_was_drawn_over_is_not_seen() -> None:
    assert on_the_screen("one\ntwo\x1b[1A\r\x1b[2Kthree\n\x1b[2Kfour") == "three\nfour"


def test_only_plain_words_need_no_shell() -> None:
    assert not needs_a_shell('stationctl submit a.qasm --name "first light"')
    for command in ("stationctl list | head", "stationctl wait $job", "JOB=1", "stationd serve"):
        assert needs_a_shell(command)


def test_a_page_may_show_more_of_the_beginning() -> None:
    printed = "RUNNING 7 shots\nREADY at 2031-01-01 00:00:00\n"
    assert not differs(SHOWN, printed, FROM_SOME_LINE_ON)
    assert differs(SHOWN, "FAILED\n", FROM_SOME_LINE_ON)
