"""What is installed is one package, light to import, with all the code in it."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import stationd

ROOT = Path(__file__).parent.parent
FOLDERS = ("actors", "client", "proto", "runtime")

pytestmark = pytest.mark.skipif(
    not (ROOT / "proto").is_dir(), reason="looks at a checkout: an sdist has no links"
)


def modules() -> set[str]:
    """Every module of the house, as a path below the package."""
    return {
        str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")
    }


def test_version_is_that_of_the_distribution() -> None:
    assert stationd.__version__ == version("stationd")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(stationd, "nonsense")  # noqa: B009  (the type checkers know that it isn't there)


def test_importing_the_package_loads_no_dependency() -> None:
    script = "import sys, stationd; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    heavy = {"anyio", "msgspec", "numpy", "qiskit", "rich", "sqlalchemy", "trio", "zmq"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("folder", FOLDERS)
def test_package_links_to_the_folder(folder: str) -> None:
    assert (ROOT / "src/stationd" / folder).resolve() == ROOT / folder


def test_the_checkers_read_every_folder_once() -> None:
    # mypy and pytest follow links, pyright only those that it is given, ruff reads the folders.
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    links = {f"src/stationd/{folder}" for folder in FOLDERS}
    assert links <= set(tools["pyright"]["include"])
    files = {"src/stationd/monitoring", "src/stationd/systemd"}
    assert links | files == set(tools["ruff"]["extend-exclude"])


def test_no_module_sends_or_receives_pickles() -> None:
    guilty = [
        module for module in modules() if re.search(r"\w+_pyobj\b", (ROOT / module).read_text())
    ]
    assert guilty == []


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-instruments.lock", "requirements-s3.lock"]
)
def test_lock_pins_by_hash_and_names_no_place(name: str) -> None:
    lock = (ROOT / name).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host| @ ", lock)
    pins = re.findall(r"^[a-z0-9-]+==\S+.*$", lock, flags=re.MULTILINE)
    assert pins
    assert all(pin.endswith("\\") for pin in pins)


@pytest.mark.slow
def test_wheel_built_from_the_sdist_holds_every_module(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(
        ROOT,
        tree,
        symlinks=True,
        ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "*.sock"),
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, tree],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {f"stationd/{module}" for module in modules()}
    for folder in ("monitoring", "systemd"):
        expected |= {f"stationd/{folder}/{path.name}" for path in (ROOT / folder).iterdir()}
    assert expected | {"stationd/__init__.py", "stationd/py.typed"} <= names
    assert {name.partition("/")[0] for name in names} == {
        "stationd",
        f"stationd-{stationd.__version__}.dist-info",
    }
