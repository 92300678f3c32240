"""`make demo` shows what it says that it shows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ("counts-bell", "counts-ghz", "t1-sweep", "timelines")

pytestmark = [pytest.mark.slow, pytest.mark.campaign]


def test_the_demo_goes_through_all_its_steps() -> None:
    files = [ROOT / "demo-output" / f"{name}.png" for name in PICTURES]
    for file in files:
        file.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for fact in ("the simulation used 50 µs", "partial data is kept", "the daemon left with 0"):
        assert fact in done.stdout
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
