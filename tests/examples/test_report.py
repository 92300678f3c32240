"""An example fails if what was fitted is not what was put in, or if it says nothing of it."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULES = ("report", "fitting")


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    yield
    for module in MODULES:
        sys.modules.pop(module, None)


def module(name: str) -> ModuleType:
    """A module of the examples, which are no package."""
    return importlib.import_module(name)


def axes() -> Axes:
    return Figure().add_subplot()


@pytest.mark.parametrize(
    ("fitted", "code"),
    [((49e-6, 1e-6), 0), ((45e-6, 1e-6), 1), ((50e-6, 20e-6), 1), ((50e-6, 0.0), 1)],
)
def test_what_is_off_or_hardly_known_is_a_failure(
    fitted: tuple[float, float],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["t1.py", str(tmp_path)])
    report, t1 = module("report"), module("fitting").Fitted(*fitted)
    found = report.finish("t1", axes(), [report.Comparison("T1", 50e-6, t1, "s")])
    assert found == code
    assert ("not known well enough: T1" in capsys.readouterr().out) is bool(code)
    assert (tmp_path / "t1.png").stat().st_size > 0


def test_the_page_beside_the_picture_gets_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["t1.py", str(tmp_path)])
    page = tmp_path / "t1.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- /table -->\nafter\n")
    report, t1 = module("report"), module("fitting").Fitted(49.21e-6, 0.84e-6)
    for _ in range(2):
        report.finish("t1", axes(), [report.Comparison("T1", 50e-6, t1, "s")])
    row = "| T1 | 50 µs | 49.21 ± 0.84 µs | 0.9 sigma |"
    assert row in page.read_text()
    assert page.read_text().startswith("before\n<!-- table -->\n\n| |")
    assert page.read_text().endswith(f"{row}\n\n<!-- /table -->\nafter\n")


def test_a_fit_knows_how_well_it_knows() -> None:
    noise = np.random.default_rng(1)
    times = np.linspace(0, 1, 400)
    turns = np.exp(2j * np.pi * 3 * times)
    measured = turns + noise.normal(0, 0.1, (400, 2)) @ (1, 1j)
    found = module("fitting").fit(_phasor, times, measured, sigma=0.1, frequency=2.9, size=0.5)
    for name, truth in (("frequency", 3.0), ("size", 1.0)):
        assert found[name].value == pytest.approx(truth, abs=3 * found[name].sigma)
    # Both parts of a complex number tell its size: 800 readings.
    assert found["size"].sigma == pytest.approx(0.1 / np.sqrt(400), rel=0.01)
    assert found.reduced_chi_squared == pytest.approx(1, abs=0.15)
    assert np.allclose(found(times), turns, atol=0.05)


def _phasor(times: NDArray[np.float64], *, frequency: float, size: float) -> NDArray[np.complex128]:
    return np.asarray(size * np.exp(2j * np.pi * frequency * times), np.complex128)
