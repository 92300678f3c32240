"""The status page in a real browser: what it shows, that it lives, that it fits.

One station and one browser for all of them.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import stationd
from stationd import NullProgram, jobs
from tests.end_to_end.station import GATED, HELD, QPU, Station
from tests.system.browser import Browser, Page, browsing

NAME = 'a name with <b>markup</b> & "quotes"'
DRAWN = "document.querySelectorAll('[data-controller]').length === 2"
WIDE = (1280, 900)
PHONE = (390, 844)


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    station = Station("asyncio", GATED, QPU)
    try:
        station.start()
        station.wait_connected("nothing", "qpu")
        stationd.connect(station.endpoint)
        yield station
        jobs.close()
        assert station.stop() == 0, station.log
        station.check()
    finally:
        station.close()


@pytest.fixture(scope="module")
def address(station: Station) -> str:
    found = re.search(r"status page at (http://\S+)", station.log)
    assert found is not None, station.log
    return found[1]


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    with browsing(address, *WIDE) as page:
        page.until(DRAWN)
        yield page


def shows(page: Page, text: str, where: str = "document.body") -> None:
    page.until(f"({where}?.innerText ?? '').includes({text!r})")


def row(job: stationd.JobRef) -> str:
    return f"document.querySelector('tr[data-job=\"{job.id}\"]')"


def test_it_lives_jobs_run_and_end_before_one_s_eyes(station: Station, page: Page) -> None:
    page.ask("window.here = 'since the page was opened'")
    job = jobs.submit(programs=NullProgram(duration=HELD), name="runs", target="null")
    page.until(f"{row(job)} !== null")
    shows(page, "at the instruments", row(job))
    shows(page, "running", "document.querySelector('[data-controller=nothing]')")
    station.let_go()
    jobs.wait_for(job)
    shows(page, "ready", row(job))
    shows(page, "idle", "document.querySelector('[data-controller=nothing]')")
    assert page.ask("window.here") == "since the page was opened"


def test_names_are_text_whatever_they_look_like(page: Page) -> None:
    job = jobs.submit(programs=NullProgram(), name=NAME, target="null")
    page.until(f"{row(job)} !== null")
    assert NAME in str(page.ask(f"{row(job)}.innerText"))
    assert page.ask("document.querySelectorAll('main b b, td b').length") == 0


def test_a_failure_is_told_with_its_reason(page: Page) -> None:
    wrong = "OPENQASM 3.0;\nqubit q;\nnonsense q;\n"
    job = jobs.submit(programs=wrong, n_shots=10, name="fails", target="qpu")
    with pytest.raises(stationd.JobError):
        jobs.wait_for(job)
    shows(page, "failed", row(job))
    shows(page, "nonsense", "document.querySelector('[data-key=failures]')")


def test_a_row_opens_and_shows_how_the_job_climbed_and_stays_open(page: Page) -> None:
    job = jobs.submit(programs=NullProgram(), name="climbed", target="null")
    jobs.wait_for(job)
    shows(page, "ready", row(job))
    page.ask(f"{row(job)}.querySelector('button').click()")
    shows(page, "pending execution")
    shows(page, job.id)
    later = jobs.submit(programs=NullProgram(), name="later", target="null")
    page.until(f"{row(later)} !== null")
    assert "pending execution" in page.text


def test_what_an_operator_says_is_shown(page: Page) -> None:
    jobs.pause_target("qpu", note="cable swap until noon")
    shows(page, "cable swap until noon")
    jobs.resume_target("qpu")
    page.until("!document.body.innerText.includes('cable swap until noon')")


@pytest.mark.parametrize(("width", "height"), [WIDE, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_and_can_be_read(
    address: str, width: int, height: int, *, dark: bool, tmp_path: Path
) -> None:
    job = jobs.submit(programs=NullProgram(), name="a-name-without-any-blank" * 8, target="null")
    jobs.wait_for(job)
    with browsing(address, width, height, dark=dark) as page:
        shows(page, "ready", row(job))
        page.ask(f"{row(job)}.querySelector('button').click()")
        assert page.ask("document.documentElement.scrollWidth <= window.innerWidth")
        outside = page.ask(
            "[...document.querySelectorAll('body *')].filter("
            "(one) => one.getBoundingClientRect().right > window.innerWidth + 0.5).length"
        )
        assert outside == 0
        luminance = page.ask(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"
            ".slice(0, 3).map(Number).reduce((a, b) => a + b)"
        )
        assert isinstance(luminance, int)
        assert (luminance < 200) is dark
        kept = Path(os.environ.get("STATIOND_PICTURES", tmp_path))
        page.picture(kept / f"status-{width}-{'dark' if dark else 'light'}.png")


def test_the_browser_has_nothing_to_complain_about_and_asks_nobody_else(
    address: str, page: Page
) -> None:
    assert page.complaints() == []
    assert page.requested() == {address, f"{address}status.json"}


def test_a_daemon_that_is_gone_is_told_and_what_is_shown_is_marked_as_old(address: str) -> None:
    with Browser() as browser:
        page = Page(browser, *WIDE, dark=False)
        page.open(address)
        page.until(DRAWN)
        browser.call(
            "Network.emulateNetworkConditions",
            page.session,
            offline=True,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        shows(page, "no answer since")
        assert page.ask("document.body.classList.contains('late')")
        assert page.ask("document.title.startsWith('no answer')")
