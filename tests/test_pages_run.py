"""Whoever types what the pages say sees what they show: README.md and docs, on a real station."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd import jobs
from stationd.client import endpoint as chosen
from tests.end_to_end.station import Station
from tests.pages import PAGES, ROOT, Reader, differs, paired

SHOW_COUNTS = {ROOT / "README.md", ROOT / "docs" / "tutorial.md"}
"""Run first: a calibration set that another page imports would change what they count."""
RUN = sorted(
    (
        page
        for page in PAGES
        if any(one.language in {"python", "console"} for one, _ in paired(page.read_text()))
    ),
    key=lambda page: page not in SHOW_COUNTS,
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


@pytest.fixture
def reader(station: Station, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    metrics = re.search(r"metrics at (http://\S+)", station.log)
    assert metrics is not None, station.log
    folder = Path(tempfile.mkdtemp(prefix="page-", dir="/tmp"))
    shutil.copytree(ROOT / "examples", folder / "examples")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(chosen, "_chosen", [])
    monkeypatch.setenv("STATIOND_ENDPOINT", station.endpoint)
    places = {
        "ipc:///tmp/stationd/jobs.sock": station.endpoint,
        "http://127.0.0.1:9555/metrics": metrics[1],
        "/tmp/stationd/state": f"{station.folder}/state",
        "examples/stationd.toml": str(station.config),
    }
    try:
        yield Reader(folder, station.environment, places)
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


def test_a_page_may_show_more_of_the_beginning() -> None:
    printed = "RUNNING 7 shots\nREADY at 2031-01-01 00:00:00\n"
    assert not differs(SHOWN, printed, from_some_line_on=True)
    assert differs(SHOWN, "FAILED\n", from_some_line_on=True)
