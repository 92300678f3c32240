"""A small Debian with what stationd depends on: made once for a machine, booted from for ever.

It stands in a cache below its recipe's hash, so that another recipe, or other versions in the
lock, make another one. stationd itself is not in it: tests install the tree's own wheel.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.system.needs import need_command
from tests.system.wheel import built_wheel

ROOT: Final = Path(__file__).parents[2]
SUITE: Final = "bookworm"
PYTHON: Final = "3.11"
"""The suite's own; wheels are fetched for it, whatever Python runs the tests."""
MIRROR: Final = "http://deb.debian.org/debian"
PACKAGES: Final = (
    "ca-certificates",
    "dbus",
    "procps",
    "python3",
    "python3-venv",
    "systemd",
    "systemd-sysv",
)


def cache() -> Path:
    """Return the folder that lasts from one run to the next."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "stationd-tests"


@contextmanager
def rootfs() -> Generator[Path]:
    """Hold on to a system's tree, which is made first if it must be. It is not to be changed."""
    debootstrap = need_command("debootstrap", "debootstrap")
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    tree = folder / f"rootfs-{_recipe()}"
    with tree.with_suffix(".lock").open("w") as lock:
        # One makes it while the others wait; then all may have it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            _remove_others(folder, tree)
            _make(tree, debootstrap)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield tree


def _recipe() -> str:
    parts = [Path(__file__), ROOT / "requirements.lock"]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]


def _remove_others(folder: Path, tree: Path) -> None:
    """Remove what earlier recipes have made, unless somebody has it."""
    for other in folder.glob("rootfs-*.lock"):
        if other.stem == tree.stem:
            continue
        with other.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(other.with_suffix(""), ignore_errors=True)
            other.unlink()


def _make(tree: Path, debootstrap: str) -> None:
    unfinished = tree.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    include = f"--include={','.join(PACKAGES)}"
    _run(debootstrap, "--variant=minbase", include, SUITE, str(unfinished), mirror())
    # The container's own name, and not that of the machine that made it.
    (unfinished / "etc/hostname").unlink(missing_ok=True)
    wheels = unfinished / "var/tmp/wheels"
    _fetch_wheels(wheels)
    inside = ("chroot", str(unfinished))
    _run(*inside, "python3", "-m", "venv", "/opt/stationd")
    names = [f"/var/tmp/wheels/{wheel.name}" for wheel in wheels.iterdir()]
    _run(*inside, "/opt/stationd/bin/pip", "install", "--quiet", "--no-index", *names)
    shutil.rmtree(wheels)
    unfinished.rename(tree)


def mirror() -> str:
    """Return the mirror that this machine gets its own packages from, if it is a Debian."""
    apt = shutil.which("apt-get")
    if apt is None:
        return MIRROR
    wanted = "$(ORIGIN) $(COMPONENT) $(REPO_URI)"
    lines = _run(apt, "indextargets", "--format", wanted, "Created-By: Packages").splitlines()
    found = [line.split()[2] for line in lines if line.startswith("Debian main ")]
    return next((uri for uri in found if "security" not in uri), MIRROR)


def _fetch_wheels(folder: Path) -> None:
    """Fetch what stationd[qiskit] depends on, in the versions of the lock."""
    folder.mkdir(parents=True)
    lock = (ROOT / "requirements.lock").read_text()
    constraints = folder / "constraints.txt"
    constraints.write_text(
        "\n".join(re.findall(r"^[\w.-]+==[^\s\\;]+(?: ;[^\\\n]*)?", lock, re.MULTILINE))
    )
    own = built_wheel(folder)
    _run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder)),
        *("--python-version", PYTHON, "--only-binary", ":all:"),
        *("--constraint", str(constraints), f"{own}[qiskit]"),
    )
    own.unlink()
    (folder / own.name).unlink(missing_ok=True)
    constraints.unlink()


def _run(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}\n{done.stderr}"
    return done.stdout
