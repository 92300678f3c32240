"""The fuzz campaign against a real station, and its tally.

Rule 1. A campaign is its seed: the same seed sends the same bytes, session by session.
Rule 2. It has passed if every session did, the daemon is the one that was started, has met no
        bug, takes about as much memory as before, and does a job as before.
"""

import os
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import zmq

from stationd.proto.job import JobId, JobSpec
from stationd.proto.jobs_protocol import Get, Job, Submit, Submitted
from stationd.proto.program import Circuits, NullProgram
from tests.attacks.open_station import OpenStation
from tests.attacks.sessions import KINDS, Corpus, Target, golden
from tests.end_to_end.station import is_alive, until

MOST_GROWTH_BYTES = 64 * 2**20
"""Of the daemon's memory: caches fill, and no more."""
_NULL = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"))
_BUGS = ("Traceback", "please report")


@dataclass
class Tally:
    """What a campaign has done, and found."""

    seed: int
    sessions: Counter[str] = field(default_factory=Counter[str])
    finds: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    rss_before: int = 0
    rss_after: int = 0

    @property
    def text(self) -> str:
        """The tally for people."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.sessions.items()))
        mib = 2**20
        return (
            f"{self.sessions.total()} sessions from seed {self.seed} in {self.seconds:.0f} s:"
            f" {kinds}; {len(self.finds)} finds; the daemon took {self.rss_before / mib:.0f} MiB"
            f" before and {self.rss_after / mib:.0f} MiB after"
        )


def run(seed: int, sessions: int, seconds: float) -> Tally:
    """Attack a station of its own.

    Args:
        seed: Decides what is sent.
        sessions: How many sessions there are at most.
        seconds: How long it may take, about.
    """
    tally = Tally(seed)
    with _target() as target:
        station = target.station
        _do_a_job(station)
        tally.rss_before = station.rss
        begun = time.monotonic()
        kinds = list(KINDS)
        for number in range(sessions):
            if time.monotonic() - begun > seconds or not is_alive(station.station.pid):
                break
            _session(target, kinds[number % len(kinds)], number, tally)
        tally.seconds = time.monotonic() - begun
        _look(station, tally)
    return tally


def _session(target: Target, kind: str, number: int, tally: Tally) -> None:
    chance = Random(f"{tally.seed}/{number}")
    try:
        KINDS[kind](target, chance)
    except Exception:  # noqa: BLE001 - that is what is looked for
        tally.finds.append(f"session {number} ({kind}):\n{traceback.format_exc()}")
    tally.sessions[kind] += 1


def _look(station: OpenStation, tally: Tally) -> None:
    """Look what has become of the daemon."""
    if not is_alive(station.station.pid):
        tally.finds.append(f"the daemon has ended:\n{station.station.log[-4000:]}")
        return
    _do_a_job(station)
    tally.rss_after = station.rss
    if tally.rss_after - tally.rss_before > MOST_GROWTH_BYTES:
        tally.finds.append("the daemon takes much more memory than before")
    log = station.station.log
    for bug in _BUGS:
        if bug in log:
            at = log.index(bug)
            tally.finds.append(f"the daemon has met a bug:\n{log[max(0, at - 500) : at + 3000]}")


def _do_a_job(station: OpenStation) -> None:
    job = JobId(_new_id())
    station.station.ask(Submit(1, job, _NULL), Submitted)
    until(lambda: station.station.ask(Get(1, job), Job).view.status.is_terminal, "the job is over")
    view = station.station.ask(Get(1, job), Job).view
    assert str(view.status) == "ready", view


def _new_id() -> str:
    text = os.urandom(16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@contextmanager
def _target() -> Generator[Target]:
    station = OpenStation()
    scratch = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/tmp"))
    try:
        with zmq.Context() as context:
            station.station.start()
            station.station.wait_connected("nothing")
            _do_a_job(station)
            ledger = scratch / "corpus"
            shutil.copytree(station.station.folder / "state" / "controllers" / "nothing", ledger)
            corpus = Corpus(
                golden("jobs"),
                golden("instruments"),
                station.station.config.read_bytes(),
                ledger,
            )
            yield Target(station, context, corpus, scratch)
    finally:
        station.station.close()
        shutil.rmtree(scratch)
