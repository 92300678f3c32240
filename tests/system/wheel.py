"""The tree's own wheel, and one of a version to come."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def built_wheel(folder: Path, version: str = "") -> Path:
    """Build the tree's wheel.

    Args:
        folder: Where to.
        version: Another one than the tree's.
    """
    tree = folder / "tree"
    leave = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "*.sock")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=leave)
    if version:
        package = tree / "src/stationd/__init__.py"
        given = f'__version__ = "{version}"'
        text, found = re.subn(r'(?m)^__version__ = ".*"$', given, package.read_text())
        assert found == 1
        package.write_text(text)
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    done = subprocess.run([*command, tree], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    shutil.rmtree(tree)
    return max(folder.glob("stationd-*.whl"), key=lambda wheel: wheel.stat().st_mtime_ns)
