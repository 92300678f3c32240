"""The benchmark runs, and writes rows for machines."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_a_quick_run_writes_a_list_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "scrape"]
    done = subprocess.run(
        [*command, "--backend", "asyncio", "--json", str(path)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names = [(row["name"], row["backend"]) for row in json.loads(path.read_text())]
    assert names == [
        ("metrics scrape, p50", "asyncio"),
        ("metrics scrape, daemon's CPU", "asyncio"),
    ]
    assert "metrics scrape, p50" in done.stdout


def test_a_name_that_fits_no_figure_shows_those_that_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--only", "nothing"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "idle gap" in done.stdout.splitlines()
