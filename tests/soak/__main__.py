"""``make soak``: kill the processes of a station under load, again and again, then audit it."""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from tests.end_to_end.station import Station, until
from tests.soak import look
from tests.soak.audit import Notes, Stored, sort, violations
from tests.soak.clients import Clients
from tests.soak.killer import BEAT, GRACE, Killer
from tests.soak.ledger import read_journal
from tests.soak.notes import read
from tests.soak.plan import Plan
from tests.soak.tally import Tally, as_json, has_failed, matrix_of, passed, show
from tests.soak.victims import CONTROLLERS
from tests.soak.work import NULL_TARGETS

KILLS_PER_STOP = 8
MOST_SHOWN = 50
"""Violations that are printed; the JSON has them all."""

_NULL = """
[controllers.{name}]
driver = "null"
[controllers.{name}.options]
executions = "{folder}/executions"
[targets.{name}]
controller = "{name}"
"""
_QPU = """
[controllers.qpu]
driver = "simulated-qpu"
[controllers.qpu.options]
qubits = 5
time_per_shot = 0.0
[targets.qpu]
controller = "qpu"
"""
_PATIENCE = f"""
[instruments]
beat_interval = {BEAT}
grace = {GRACE}
"""


@click.command()
@click.option("--kills", default=200, show_default=True, help="How many processes to kill.")
@click.option("--seed", type=int, help="Of the plan; printed by every run.")
@click.option("--backend", type=click.Choice(["asyncio", "trio"]), default="asyncio")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the tally here too.")
def main(kills: int, seed: int | None, backend: str, path: Path | None) -> None:
    """Kill processes of a station under load, then audit it."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    click.echo(f"seed {seed}: make soak KILLS={kills} SEED={seed} draws the same plan")
    station = Station(
        backend,
        *(_NULL.replace("{name}", name) for name in NULL_TARGETS),
        _QPU,
        _PATIENCE,
        settings=[("processes = 1", "processes = 2")],
    )
    try:
        tally = soak(station, Plan(seed), kills, seed)
    except BaseException:
        _keep(station, seed)
        raise
    show(tally)
    if path is not None:
        path.write_bytes(as_json(tally))
    for violation in tally.violations[:MOST_SHOWN]:
        click.echo(f"VIOLATION {violation}", err=True)
    if has_failed(tally):
        _keep(station, seed)
        sys.exit(1)
    station.close()


def soak(station: Station, plan: Plan, kills: int, seed: int) -> Tally:
    """Run a station until enough was killed, and return what came of it."""
    began = time.monotonic()
    killer = Killer(station, plan, _say(plan, kills, began))
    killer.start()
    station.wait_connected(*CONTROLLERS)
    clients = Clients(station, seed)
    try:
        while plan.kills.total() < kills:
            killer.kill()
            clients.check_alive()
            if plan.kills.total() > KILLS_PER_STOP * (killer.stops.total() + 1):
                killer.stop()
        click.echo("letting all jobs end")
        clients.finish()
        database = station.folder / "state" / "journal.sqlite"
        until(lambda: not look.standing(database), "all jobs have ended")
        clients.end(look.newest_fact(database))
    finally:
        clients.kill()
    broken = list(_stopped(station))
    stored = read_journal(database)
    notes = sort(note for file in clients.notes.values() for note in read(file))
    executed = station.tickets_executed
    trouble = [at for blow in killer.blows for at in (blow.began_unix_s, blow.ended_unix_s)]
    broken += violations(stored, notes, executed, trouble)
    return Tally(
        seed=seed,
        seconds=time.monotonic() - began,
        kills=dict(plan.kills),
        stops={f"{process}, {longer}": n for (process, longer), n in killer.stops.items()},
        matrix=matrix_of(plan.matrix),
        passed=passed(),
        empty=len(plan.empty),
        jobs=dict(Counter(notes.asked.values())),
        outcomes=_outcomes(stored),
        acknowledged=len(notes.acknowledged),
        cancelled=len(notes.cancelled),
        retries=dict(Counter(notes.retried.values())),
        executions=len(executed),
        facts=len(stored.facts),
        told=_told(notes),
        stories=len(notes.heard) + len(notes.fed),
        violations=broken,
    )


def _keep(station: Station, seed: int) -> None:
    station.end_all()
    click.echo(f"seed {seed}; journal, logs and notes are kept in {station.folder}", err=True)


def _say(plan: Plan, kills: int, began: float) -> Callable[[str], None]:
    def say(words: str) -> None:
        click.echo(f"{time.monotonic() - began:6.1f} s  {plan.kills.total():3}/{kills}  {words}")

    return say


def _stopped(station: Station) -> Iterator[str]:
    """Stop the station, and yield what it leaves behind that it should not."""
    code = station.stop()
    if code:
        yield f"the daemon ended with code {code}"
    if left := station.processes():
        yield f"{len(left)} processes were left behind"
    for log in sorted(station.folder.glob("log.*")):
        text = log.read_text()
        for words in ("Traceback", "please report"):
            if words in text:
                yield f"{words!r} in {log}"


def _outcomes(stored: Stored) -> dict[str, int]:
    jobs = stored.jobs.values()
    return dict(Counter(f"{job.status} {job.error or ''}".strip() for job in jobs))


def _told(notes: Notes) -> int:
    alone = sum(len(heard.story) for heard in notes.heard)
    return alone + sum(len(story) for story in notes.fed.values())


if __name__ == "__main__":
    main()
