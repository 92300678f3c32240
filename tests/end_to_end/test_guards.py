"""A guard keeps jobs from a target while the world is not right, and lets them go by itself."""

from collections.abc import Callable

import msgspec
import pytest

from stationd import jobs
from stationd.actors.drivers.bench_physics import Signal
from stationd.client.references.job import JobRef
from stationd.proto.guard_requests import GuardState
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus as S
from tests.end_to_end.station import (
    FOREVER,
    GATED,
    HELD,
    PATIENCE,
    Station,
    on_trio_daily,
    until,
)

NewStation = Callable[..., Station]

# A busy machine must not look like a controller that is away: its jobs would be ended.
COLD = """
[instruments]
beat_interval = 20.0
[controllers.plate]
driver = "simulated-readout"
[controllers.plate.options]
cable = "{folder}/cable"
[guards.cold]
readout = "plate.population"
minimum = 0.5
grace = 0.1
every = 0.02
targets = ["null"]
abort = true
"""


def turn(station: Station, *, right: bool) -> None:
    """Turn the world, which the plate's controller looks at: to 0.95, or to 0.05."""
    cable = station.folder / "cable"
    cable.mkdir(exist_ok=True)
    beside = cable / "signal.json.new"
    beside.write_bytes(msgspec.json.encode(Signal(delay=0.0 if right else 1e-3)))
    beside.replace(cable / "signal.json")


def guard() -> GuardState:
    (state,) = jobs.guards()
    return state


def submit(duration: float) -> JobRef:
    return jobs.submit(programs=NullProgram(duration=duration), n_shots=1, target="null")


@on_trio_daily
def test_nothing_begins_while_a_guard_holds_and_a_restart_loses_nothing(
    new_station: NewStation,
) -> None:
    station = new_station(GATED, COLD).start()
    station.wait_connected("nothing", "plate")
    first = submit(FOREVER)
    jobs.wait_for(first, S.PENDING_EXECUTION, timeout=PATIENCE)
    until(lambda: guard().standing == "violated", "a guard without a reading is violated")
    assert guard().fault.startswith("it could not be read: InstrumentError: nothing is on")
    assert jobs.why(first)[0].rule == "guard"
    assert station.tickets_executed == []

    turn(station, right=True)
    jobs.wait_for(first, S.EXECUTION_STARTED, timeout=PATIENCE)
    # It would be sent ahead, and is taken back.
    second = submit(HELD)
    jobs.wait_for(second, S.PENDING_EXECUTION, timeout=PATIENCE)
    turn(station, right=False)
    assert [status.status for status in jobs.listen_job_status(first)][-1] is S.ABORTED
    assert jobs.view(first).note.startswith("aborted by guard cold: plate.population: 0.05 is")
    assert jobs.why(second)[0].rule == "guard"
    (reason,) = next(one.guards for one in jobs.target_states().targets if one.guards)
    assert "held by guard cold since" in reason
    assert len(station.tickets_executed) == 1

    station.kill()
    station.start()
    station.wait_connected("nothing", "plate")
    until(lambda: guard().standing == "violated", "the guard has been read anew")
    assert jobs.status(second).status is S.PENDING_EXECUTION
    station.let_go()
    turn(station, right=True)
    assert jobs.wait_for(second, timeout=PATIENCE).status is S.READY
    assert guard().standing == "within"
    assert guard().value == pytest.approx(0.95)
    assert len(set(station.tickets_executed)) == len(station.tickets_executed) == 2
