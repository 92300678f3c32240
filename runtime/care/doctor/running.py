"""Does the daemon run, does it answer, and are its controllers there?"""

from __future__ import annotations

import fcntl
import os
import socket as plain
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar

import zmq

from stationd import __version__
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.error import StationError
from stationd.proto.jobs_protocol import Controllers, ListControllers, Ping, Pong, Reply
from stationd.proto.station_requests import Overview, Survey
from stationd.runtime.care.doctor.finding import Finding, fail, ok, warn
from stationd.runtime.journal.lock import LOCK
from stationd.runtime.security.material import only_controllers_run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stationd.proto.jobs_protocol import ControllerView, Request
    from stationd.runtime.settings import Settings

_Answer = TypeVar("_Answer", bound=Reply)
_PATIENCE_MS: Final = 10_000
_SLOW_WORKER: Final = 60.0
_WORKER: Final = "import stationd.actors.stages.compile as stage; stage.warm_up()"


def daemon(settings: Settings) -> Iterator[Finding]:
    """Find out whether the daemon runs; if so ask it, else see that it could."""
    if only_controllers_run(settings):
        yield ok("daemon", "none belongs here: only controllers run on this host")
        return
    try:
        holder = _holder(settings)
    except PermissionError:
        yield warn(
            "daemon",
            "this user may not see whether it runs",
            "run the doctor as the user of the daemon, or as root",
        )
        return
    if holder is None:
        yield ok("daemon", "it does not run")
        yield from _ports(settings)
        return
    endpoint = next((one for one in settings.api_endpoints if one.startswith("ipc://")), None)
    if endpoint is None:
        yield ok("daemon", f"it runs as process {holder}; clients reach it with keys only")
        return
    by_hand = [name for name, one in settings.controllers.items() if not one.start]
    yield from _asked(endpoint, holder, by_hand)


def workers(_: Settings) -> Iterator[Finding]:
    """Start what compiles circuits, as the daemon does."""
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _WORKER],
        capture_output=True,
        text=True,
        timeout=_SLOW_WORKER * 4,
        check=False,
    )
    seconds = time.monotonic() - begin
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        yield fail("workers", f"one does not start: {last}", "mend the installation of stationd")
    elif seconds > _SLOW_WORKER:
        yield warn("workers", f"one takes {seconds:.0f} s to start", "use a faster disk or machine")
    else:
        yield ok("workers", f"one starts in {seconds:.1f} s")


def _holder(settings: Settings) -> str | None:
    """Return the process that has the state directory; None if nobody has.

    Raises:
        PermissionError: This user may not look.
    """
    try:
        lock = os.open(settings.state / LOCK, os.O_RDONLY)
    except PermissionError:
        raise
    except OSError:
        return None
    try:
        # Shared, and let go of at once: a daemon that starts just now tries again.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(lock)
    return None


def _asked(endpoint: str, holder: str, by_hand: Collection[str]) -> Iterator[Finding]:
    context = zmq.Context()
    try:
        with context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.connect(endpoint)
            pong = _ask(dealer, Ping(1, __version__), Pong)
            if pong is None:
                yield fail(
                    "daemon",
                    f"process {holder} has the state directory, and nobody answers at {endpoint}",
                    "see its log: it may be starting, brought along to a newer format, or hang;"
                    " this user may also lack the right to the socket",
                )
                return
            yield _compared(pong, holder)
            overview = _ask(dealer, Survey(2), Overview)
            if overview is not None and overview.trouble:
                yield fail(
                    "storage", f"the daemon says: {overview.trouble}", "make room, or see the disk"
                )
            controllers = _ask(dealer, ListControllers(3), Controllers)
            if controllers is not None:
                yield from judged(controllers.controllers, by_hand)
    finally:
        context.destroy(linger=0)


def _compared(pong: Pong, holder: str) -> Finding:
    if pong.version != __version__:
        return warn(
            "daemon",
            f"process {holder} runs stationd {pong.version}, and {__version__} is installed",
            "restart it: systemctl restart stationd; unfinished jobs go on",
        )
    return ok("daemon", f"it runs as process {holder}, stationd {pong.version}, and answers")


def judged(
    controllers: tuple[ControllerView, ...], by_hand: Collection[str] = ()
) -> Iterator[Finding]:
    """Judge what the daemon says of its controllers.

    Args:
        controllers: As it tells of them.
        by_hand: Those that it does not start itself.
    """
    for one in controllers:
        if one.quarantined is not None:
            yield fail(
                "controllers",
                f"{one.name} is in quarantine: it did not come to rest from job {one.quarantined}",
                f"look at its instruments, then `stationctl reset {one.name}`",
            )
        elif not one.connected:
            yield fail(
                "controllers",
                f"{one.name} is not connected",
                f"start it (`systemctl start stationd-controller@{one.name}`), or see its log"
                f" (`journalctl -u stationd-controller@{one.name}`)"
                if one.name in by_hand
                else f"see what `journalctl -u stationd -g {one.name}` says of it",
            )
    up = sum(one.connected and one.quarantined is None for one in controllers)
    if up == len(controllers):
        yield ok("controllers", f"{up} of {up} are connected")


def _ask(dealer: zmq.Socket[bytes], request: Request, answer: type[_Answer]) -> _Answer | None:
    """Return the answer of the daemon; None if there is none, or another one."""
    dealer.send(REQUESTS.encode(request))
    if not dealer.poll(_PATIENCE_MS):
        return None
    try:
        reply = REPLIES.decode(dealer.recv_multipart()[0])
    except StationError:
        return None
    return reply if isinstance(reply, answer) else None


def _ports(settings: Settings) -> Iterator[Finding]:
    addresses = [
        one.removeprefix("tcp://")
        for one in (*settings.api_endpoints, settings.instruments_endpoint)
        if one.startswith("tcp://")
    ]
    if settings.metrics.listen:
        addresses.append(settings.metrics.listen)
    taken = [address for address in addresses if not _is_free(address)]
    for address in taken:
        yield fail(
            "ports",
            f"another program listens at {address}, or this machine has no such address",
            "end it (see `ss -tlnp`), or change the address in the configuration",
        )
    if addresses and not taken:
        yield ok("ports", f"{', '.join(addresses)} are free")


def _is_free(address: str) -> bool:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not port.isdecimal() or port == "0":
        return True
    family = plain.AF_INET6 if ":" in host else plain.AF_INET
    with plain.socket(family, plain.SOCK_STREAM) as probe:
        probe.setsockopt(plain.SOL_SOCKET, plain.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if host == "*" else host, int(port)))
        except OSError:
            return False
    return True
