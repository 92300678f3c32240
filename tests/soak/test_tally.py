"""What a soak draws, counts and says in the end."""

import msgspec
import pytest

from stationd.proto.status import JobExecutorStatus
from tests.soak.plan import PROCESSES, Plan
from tests.soak.tally import FULL_RUN, Tally, as_json, as_markdown, has_failed, matrix_of, passed


def tally_of(plan: Plan, *violations: str) -> Tally:
    return Tally(
        seed=1,
        seconds=2.0,
        kills=dict(plan.kills),
        stops={},
        matrix=matrix_of(plan.matrix),
        passed=passed(),
        empty=len(plan.empty),
        jobs={"null": 3},
        outcomes={},
        acknowledged=3,
        cancelled=0,
        retries={},
        executions=3,
        facts=9,
        told=9,
        stories=1,
        violations=list(violations),
    )


def after(kills: int, *, everywhere: bool) -> Plan:
    plan = Plan(1)
    rungs = list(JobExecutorStatus)
    for _ in range(kills):
        plan.count(plan.draw(), rungs if everywhere else rungs[1:])
    return plan


@pytest.mark.parametrize(
    ("kills", "everywhere", "fails"),
    [(FULL_RUN, True, False), (FULL_RUN, False, True), (FULL_RUN - 1, False, False)],
)
def test_a_full_run_leaves_no_cell_empty(kills: int, *, everywhere: bool, fails: bool) -> None:
    assert has_failed(tally_of(after(kills, everywhere=everywhere))) is fails


def test_a_violation_fails_any_run() -> None:
    assert has_failed(tally_of(after(5, everywhere=True), "a job is missing"))


def test_every_process_is_killed_and_a_seed_draws_the_same() -> None:
    drawn = set[str]()
    plan, again = Plan(7), Plan(7)
    for _ in range(50):
        process = plan.draw()
        assert process == again.draw()
        plan.count(process, [])
        again.count(process, [])
        drawn.add(process)
    assert drawn == set(PROCESSES)


def test_a_tally_is_kept_and_shown_with_every_rung_and_process() -> None:
    tally = tally_of(after(FULL_RUN, everywhere=True))
    assert msgspec.json.decode(as_json(tally), type=Tally) == tally
    page = as_markdown(tally)
    assert page.startswith(f"| rung | {' | '.join(PROCESSES)} |")
    for status in JobExecutorStatus:
        assert f"\n| {str(status).upper()}" in page
    assert "- empty cells: 0" in page
