"""One ticket at its controllers, by hand: who is told what, and whether it was right in the end."""

from collections.abc import Callable, Sequence

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.part import Output, Send
from stationd.actors.ladder import (
    CameToRest,
    ExecutionBegan,
    ExecutionDone,
    ExecutionFailed,
    LeftQueue,
)
from stationd.proto import instruments_protocol as wire
from stationd.proto.job import Fence
from stationd.proto.program import Work
from stationd.proto.status import JobExecutorStatus as S
from tests.actors.two_cores import (
    RANKS,
    TICKET,
    Act,
    Commander,
    Controller,
    Daemon,
    group,
    pair,
    single,
)

AUTHORITY = Commander(Fence("lab", 1))
ENDS = (ExecutionDone, ExecutionFailed, CameToRest, LeftQueue)
SHAPES: dict[str, Callable[[], dict[str, Work]]] = {"single": single, "pair": pair, "group": group}


def station(works: dict[str, Work], failing: str = "") -> tuple[Daemon, list[Act]]:
    acts: list[Act] = []
    controllers = {name: Controller(name, acts, fails=name == failing) for name in works}
    daemon = Daemon(controllers, works, acts)
    for name in works:
        daemon.hello(name)
    return daemon, acts


def exchange(daemon: Daemon, rounds: int = 1, *, work: bool = False) -> None:
    """Let every word arrive; the instruments stand still unless they are to work."""
    for _ in range(rounds):
        for controller in daemon.controllers.values():
            while controller.commands:
                controller.take_command()
            if work:
                controller.work()
        for name, controller in daemon.controllers.items():
            while controller.reports:
                daemon.take_report(name)


def check(daemon: Daemon, acts: list[Act]) -> None:
    """Compare what the job was told with what the instruments did."""
    starts = [name for name, what, _ in acts if what == "start"]
    assert len(starts) == len(set(starts)), "a ticket was executed twice"
    assert daemon.over, f"the job was never told the end: {daemon.told}"
    ends = [event for event in daemon.told if isinstance(event, ENDS)]
    assert len(ends) == 1, f"the job was told of the end more than once: {daemon.told}"
    assert daemon.told.count(ExecutionBegan()) <= 1
    end = ends[0]
    if isinstance(end, LeftQueue):
        assert not starts, "the job was called cancelled before execution, and it was executed"
    if daemon.job.status is S.EXECUTION_ENDED:
        assert sorted(starts) == sorted(daemon.works)
    if isinstance(end, ExecutionDone | CameToRest):
        parts = daemon.execution.parts.values()
        assert all(part.end is None or part.received >= part.end.blocks for part in parts)
    steps = [(spot, what) for _, what, spot in acts if what in {"set", "read"}]
    order = {"set": 0, "read": 1}
    assert steps == sorted(steps, key=lambda step: (step[0], order[step[1]]))


def starting(outputs: Sequence[Output]) -> list[str]:
    """Return who is told to start."""
    return [
        output.controller
        for output in outputs
        if isinstance(output, Send) and isinstance(output.command, wire.Start)
    ]


def aborted(outputs: Sequence[Output]) -> list[str]:
    """Return who is told to come to rest."""
    return [
        output.controller
        for output in outputs
        if isinstance(output, Send) and isinstance(output.command, wire.Abort)
    ]


def at_work(works: dict[str, Work]) -> Execution:
    """Return an execution of which all controllers are at work."""
    execution = Execution(TICKET, AUTHORITY, works, RANKS)
    execution.arm()
    for report in (wire.Armed(TICKET), wire.Started(TICKET, 1.0)):
        for name in works:
            execution.report(name, report)
    return execution


def at_rest(execution: Execution, name: str) -> list[str]:
    """Let a controller come to rest, and return who is told to after it."""
    return aborted(execution.report(name, wire.AtRest(TICKET, 0, 2.0, began=True)))
