"""A machine with a booted systemd, in a container: every boot begins afresh.

Nothing is written to the tree that it boots from. It has a network of its own, with a loopback
interface alone, and the machine's own users.
"""

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, NoReturn

import pytest

from tests.system.needs import need_command, need_root
from tests.system.rootfs import rootfs

PATIENCE: Final = 120.0
"""Seconds after which something that should happen is taken for never happening."""
_LOOK: Final = 0.05
_POWER_OFF: Final = signal.SIGRTMIN + 4
_PATH: Final = "/opt/stationd/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LEFT: Final = ("payload", "supervisor")
"""Control groups that nspawn leaves behind, empty."""


class Machine:
    """The container.

    Args:
        init: Its first process, as this machine sees it.
        tree: The file system that it sees, for copying into.
    """

    def __init__(self, init: int) -> None:
        self.init = init
        self.tree = Path(f"/proc/{init}/root")

    def run(
        self, command: str, user: str = "root", *, check: bool = True, seconds: float = PATIENCE
    ) -> str:
        """Run a command of a shell in it, and return what it prints, errors too.

        Args:
            command: The shell's.
            user: Whose.
            check: Whether it has to succeed.
            seconds: How long it may take.
        """
        done = self.ended(command, user, seconds=seconds)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def ended(
        self, command: str, user: str = "root", *, seconds: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of a shell in it."""
        inside = ["nsenter", "-t", str(self.init), "--all", "--"]
        if user != "root":
            inside += ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"]
        return subprocess.run(
            [*inside, "sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
            env={"PATH": _PATH, "HOME": "/root" if user == "root" else "/tmp", "LANG": "C.UTF-8"},
        )

    def put(self, path: str, text: str) -> None:
        """Write a file of it."""
        file = self.tree / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def shown(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.run(f"systemctl show --value --property={name} {shlex.quote(unit)}").strip()

    def pid(self, unit: str) -> int:
        """Return the main process of a unit, as the machine inside numbers it."""
        return int(self.shown(unit, "MainPID"))

    def log(self, unit: str) -> str:
        """Return what a unit has written."""
        return self.run(f"journalctl --no-pager --output=cat --unit={shlex.quote(unit)}")


@contextmanager
def booted() -> Generator[Machine]:
    """Boot a machine, or skip the test with the reason why that cannot be."""
    need_root()
    nspawn = need_command("systemd-nspawn", "systemd-container")
    need_command("nsenter", "util-linux")
    with rootfs() as tree, tempfile.TemporaryFile() as console:
        supervisor = subprocess.Popen(
            [
                # Ends in order, too, if these tests are killed.
                *(
                    "setpriv",
                    "--pdeathsig",
                    "TERM",
                    nspawn,
                    "--quiet",
                    "--boot",
                    "--register=no",
                    "--keep-unit",
                ),
                *("--directory", str(tree), "--machine", f"stationd-test-{os.getpid()}"),
                *("--volatile=overlay", "--private-network", "--link-journal=no"),
                "--console=read-only",
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        init = 0
        try:
            init = _first_process(supervisor)
            if not init:
                _skip(console)
            machine = Machine(init)
            if not _is_up(machine, supervisor):
                _skip(console)
            yield machine
        finally:
            _end(supervisor, init)


def until(condition: Callable[[], object], fact: str, story: Callable[[], str] = str) -> None:
    """Wait for what no message tells."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it never happened that {fact}\n{story()}"
        time.sleep(_LOOK)


def _first_process(supervisor: subprocess.Popen[bytes]) -> int:
    """Return the container's first process; 0 if it never came to that."""
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children")
    deadline = time.monotonic() + PATIENCE
    while supervisor.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        time.sleep(_LOOK)
    return 0


def _is_up(machine: Machine, supervisor: subprocess.Popen[bytes]) -> bool:
    """Wait until the container has booted; return whether it ever does."""
    deadline = time.monotonic() + PATIENCE
    while supervisor.poll() is None and time.monotonic() < deadline:
        state = machine.ended("systemctl is-system-running --wait").stdout.strip()
        if state in {"running", "degraded"}:
            return True
        time.sleep(_LOOK)
    return False


def _skip(console: IO[bytes]) -> NoReturn:
    console.seek(0)
    said = console.read().decode(errors="replace").strip().replace("\n", "; ")
    pytest.skip(f"this machine cannot boot a container: {said[-500:]}")


def _end(supervisor: subprocess.Popen[bytes], init: int) -> None:
    """End the container: in order, or else by the process without which it cannot be."""
    # Without its supervisor its first process would go on for ever.
    for number in (_POWER_OFF, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(init or supervisor.pid, number)
        with suppress(subprocess.TimeoutExpired):
            supervisor.wait(PATIENCE / 4)
            break
    else:
        supervisor.kill()
        supervisor.wait(PATIENCE)
    for hierarchy in ("systemd", "unified", "."):
        for left in _LEFT:
            with suppress(OSError):
                (Path("/sys/fs/cgroup") / hierarchy / left).rmdir()
