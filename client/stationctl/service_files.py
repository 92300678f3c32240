"""What makes a service of the daemon: files, and who makes users and folders of them.

Rule 1. What is ours goes below ``/usr/local/lib``, where nobody edits: it is written anew by every
        install. What is changed there is changed in drop-ins below ``/etc``, which stay.
Rule 2. The configuration is the operator's: it is written when there is none, and never again.
Rule 3. Deciding what to do looks at files alone; doing it is another function.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.proto.error import StationError

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS: Final = ("stationd.service", "stationd-controller@.service")
CONFIG: Final = Path("/etc/stationd/stationd.toml")
_LIB: Final = Path("/usr/local/lib")
_OURS: Final = (
    *((unit, _LIB / "systemd/system" / unit) for unit in UNITS),
    ("sysusers.conf", _LIB / "sysusers.d/stationd.conf"),
    ("tmpfiles.conf", _LIB / "tmpfiles.d/stationd.conf"),
)
"""Files of the package, and where they go."""
_WANTED: Final = "etc/systemd/system/*.wants/stationd-controller@*.service"
"""Controllers that start with the system."""
_COMMAND: Final = "/opt/stationd/bin/stationd"
"""What the units start; replaced by where it really is."""


_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ``ProtectHome=`` hides."""


class Write(Struct, frozen=True):
    """Write a file, unless it says so already."""

    path: Path
    text: str
    group: str = ""
    """Who may read it; empty for everybody."""


class Remove(Struct, frozen=True):
    """Remove a file."""

    path: Path


class Keep(Struct, frozen=True):
    """Leave a file alone."""

    path: Path
    why: str


class Run(Struct, frozen=True):
    """Run a command."""

    words: tuple[str, ...]
    may_fail: bool = False


Step = Write | Remove | Keep | Run


def install(root: Path, command: Path) -> Iterator[Step]:
    """Yield what is to be done so that systemd knows the service.

    Args:
        root: The system's root; commands are run for ``/`` alone.
        command: Where `stationd` is.
    """
    for name, path in _OURS:
        text = _shipped(name).replace(_COMMAND, str(command))
        wanted = _below(root, path)
        if _reads(wanted, text):
            yield Keep(wanted, "as it should be")
        else:
            yield Write(wanted, text)
    real = root == Path("/")
    if real:
        yield Run(("systemd-sysusers", "stationd.conf"))
        yield Run(("systemd-tmpfiles", "--create", "stationd.conf"))
    config = _below(root, CONFIG)
    if config.exists():
        yield Keep(config, "yours")
    else:
        yield Write(config, _shipped("stationd.toml"), "stationd" if real else "")
    if real:
        yield Run(("systemctl", "daemon-reload"))


def uninstall(root: Path) -> Iterator[Step]:
    """Yield what is to be done so that systemd knows the service no more; all data stay."""
    real = root == Path("/")
    if real:
        # In this order: controllers say to the daemon what they have brought to rest.
        yield Run(("systemctl", "stop", "stationd-controller@*.service"), may_fail=True)
        enabled = sorted({link.name for link in root.glob(_WANTED)})
        yield Run(("systemctl", "disable", "--now", "stationd.service", *enabled), may_fail=True)
    for _, path in _OURS:
        if _below(root, path).exists():
            yield Remove(_below(root, path))
    if real:
        yield Run(("systemctl", "daemon-reload"))
    for left in (CONFIG.parent, Path("/var/lib/stationd")):
        if _below(root, left).exists():
            yield Keep(_below(root, left), "yours")


def described(step: Step) -> str:
    """Return a step as a line for people."""
    match step:
        case Write():
            return f"write   {step.path}"
        case Remove():
            return f"remove  {step.path}"
        case Keep():
            return f"keep    {step.path}: {step.why}"
        case Run():
            return f"run     {' '.join(step.words)}"


def do(step: Step) -> None:
    """Carry a step out.

    Raises:
        StationError: It cannot be done. The steps before it are done.
    """
    try:
        match step:
            case Write():
                _write(step)
            case Remove():
                step.path.unlink()
            case Run():
                _run(step)
            case Keep():
                pass
    except OSError as error:
        raise StationError(
            f"cannot {described(step)}: {error.strerror}"
            + (": this takes root" if isinstance(error, PermissionError) else "")
        ) from error


def daemon_command() -> Path:
    """Return where this installation's `stationd` is.

    Raises:
        StationError: There is none beside this Python.
    """
    found = Path(sys.executable).parent / "stationd"
    if not found.exists():
        raise StationError(
            f"there is no {found}: install stationd for good, as with python3 -m venv /opt/stationd"
        )
    return found


def check_seen(*paths: Path) -> None:
    """Return if the daemon will see what it is made of.

    Args:
        paths: Where that is.

    Raises:
        StationError: Some of it is at home, which the units hide.
    """
    for path in paths:
        if any(path.is_relative_to(home) for home in _HOMES):
            raise StationError(
                f"the service could not start: the units hide homes from it, and {path} is in one;"
                " install stationd elsewhere, with a Python from elsewhere, as with"
                " /usr/bin/python3 -m venv /opt/stationd"
            )


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _shipped(name: str) -> str:
    return (files("stationd") / "systemd" / name).read_text(encoding="utf-8")


def _reads(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _write(step: Write) -> None:
    step.path.parent.mkdir(parents=True, exist_ok=True)
    temporary = step.path.with_name(f".{step.path.name}.new")
    temporary.write_text(step.text, encoding="utf-8")
    temporary.chmod(0o640 if step.group else 0o644)
    if step.group:
        import grp  # noqa: PLC0415 - there is none where there is no such service

        os.chown(temporary, -1, grp.getgrnam(step.group).gr_gid)
    temporary.replace(step.path)


def _run(step: Run) -> None:
    done = subprocess.run(step.words, capture_output=True, text=True, check=False)
    if done.returncode and not step.may_fail:
        raise StationError(f"{' '.join(step.words)} failed: {done.stderr.strip()}")
