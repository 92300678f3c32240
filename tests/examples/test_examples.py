"""Worked examples measure what the simulation was given, and their pages say what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "examples"
LISTED = re.search(r"^EXAMPLES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
assert LISTED is not None
NAMES = LISTED[1].split()
ROW = re.compile(
    r"^\| (.+?) \| ([\d.-]+)(.*?) \| ([\d.-]+) ± ([\d.]+)\3 \| [\d.]+ sigma \|$", re.MULTILINE
)
LARGEST_PICTURE = 60_000


def rows(text: str) -> dict[tuple[str, str], tuple[float, float, float]]:
    """What was put in, what was fitted and how well it is known, by what it is and the unit."""
    return {
        (what, unit): (float(put_in), float(value), float(sigma))
        for what, put_in, unit, value, sigma in ROW.findall(text)
    }


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("name", NAMES)
def test_an_example_finds_what_the_simulation_was_given(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py", tmp_path],
        capture_output=True,
        # One of its own, whatever station whoever runs this is used to.
        env={name: value for name, value in os.environ.items() if name != "STATIOND_ENDPOINT"},
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    printed, shown = rows(done.stdout), rows((PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert list(printed) == list(shown)
    for what, (put_in, value, sigma) in printed.items():
        # What a seed gives depends on the kind of processor, for the perfect readout of GHZ too.
        assert put_in == pytest.approx(shown[what][0], abs=sigma)
        assert value == pytest.approx(shown[what][1], abs=5 * sigma)


def test_every_example_has_a_page_with_its_script_a_small_picture_and_a_table() -> None:
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    for name in NAMES:
        page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert f"({name}.png)" in page
        assert f":: ../../examples/{name}.py" in page
        assert rows(page)
        assert f"]({name}.png)]({name}.md)" in index
        assert (PAGES / f"{name}.png").stat().st_size <= LARGEST_PICTURE
