"""What a test of this folder needs of the machine; without it, it skips and says so."""

import os
import shutil
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / ".ci" / "system-packages"


def need_root() -> None:
    """Skip the test unless it runs as root."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it installs a service into a system of its own")


def need_command(command: str, package: str) -> str:
    """Return the path of a command, or skip the test.

    Args:
        command: What is to be run.
        package: The Debian package that has it; it stands in `.ci/system-packages`.
    """
    assert package in packages(), f"please add {package} to {PACKAGES}"
    # An ordinary user's path may lack the folders of root's commands.
    path = shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"there is no {command} here: install the package {package}")
    return path


def packages() -> set[str]:
    """Return the Debian packages that `.ci/run` installs for these tests."""
    lines = (line.partition("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return {line for line in lines if line}
