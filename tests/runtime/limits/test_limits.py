"""Whether somebody may have more of the station."""

import pytest

from stationd.proto.error import ErrorCode, LimitReached, TooManyRequests
from stationd.proto.job import ArtifactRef, JobSpec
from stationd.proto.program import Axis, Circuits, OpenQasm, Sweep
from stationd.runtime.journal.records import ItemEnded
from stationd.runtime.limits.bounds import Limits, Otherwise
from stationd.runtime.limits.holdings import Holdings
from stationd.runtime.limits.limits import UserLimits
from tests.runtime.bench import Answers, null_spec

SPEC = null_spec()
GIB = 2**30


def of(holdings: Holdings | None = None, **said: float) -> UserLimits:
    given = Limits(**said)  # type: ignore[arg-type]
    return UserLimits(given, {"max": None}, holdings or Holdings())


def having(jobs: int = 0, result_bytes: int = 0) -> Holdings:
    holdings = Holdings()
    for _ in range(jobs):
        holdings.begun("ada")
    result = ArtifactRef(id="a", size_bytes=result_bytes, sha256="")
    holdings.stored("ada", [ItemEnded(1, 0, 1, result=result)])
    return holdings


def test_without_bounds_everybody_may_have_everything() -> None:
    limits = of(having(10**6, 10**15))
    limits.check_job("ada", "submitter", SPEC)
    limits.check_attempt("ada", "submitter")
    limits.check_pace("ada", "submitter", 0.0)
    assert not limits.bound
    assert not limits.paced


def test_who_has_as_many_jobs_as_they_may_gets_no_more_and_is_told_all_about_it() -> None:
    limits = of(having(jobs=3), jobs=3)
    with pytest.raises(LimitReached) as caught:
        limits.check_job("ada", "submitter", SPEC)
    assert str(caught.value) == (
        "ada has 3 jobs under way, and may have 3 ([limits] jobs): submit again when some are"
        " over, or cancel some"
    )
    with pytest.raises(LimitReached):
        limits.check_attempt("ada", "submitter")
    limits.check_job("eva", "submitter", SPEC)


def test_jobs_that_are_not_on_disk_yet_count_until_they_are() -> None:
    limits = of(jobs=1)
    answers = Answers()
    arrived = limits.arriving("ada", answers)
    with pytest.raises(LimitReached):
        limits.check_job("ada", "submitter", SPEC)
    arrived(7, True)  # noqa: FBT003 - the journal's words
    assert answers.given == [(7, True)]
    limits.check_job("ada", "submitter", SPEC)


def test_whose_results_take_too_much_submits_nothing() -> None:
    limits = of(having(result_bytes=GIB), result_gib=1.0)
    with pytest.raises(LimitReached, match=r"take 1 GiB of the 1 GiB .* \(stationctl delete\)"):
        limits.check_job("ada", "submitter", SPEC)
    of(having(result_bytes=GIB - 1), result_gib=1.0).check_job("ada", "submitter", SPEC)


LONG = "x" * 2**20
CIRCUITS = JobSpec(work=Circuits(programs=(OpenQasm(source=LONG),) * 2, n_shots=(1, 1)))
SWEEP = JobSpec(work=Sweep(axes=((Axis("a.x", (0.0,) * 2**18),),), returns=("a.y",)))


@pytest.mark.parametrize("spec", [CIRCUITS, SWEEP])
def test_a_job_with_too_much_of_a_program_is_refused(spec: JobSpec) -> None:
    with pytest.raises(LimitReached, match=r"make several jobs"):
        of(program_mib=1.0).check_job("ada", "submitter", spec)
    of(program_mib=3.0).check_job("ada", "submitter", spec)


def test_who_asks_too_often_is_told_when_to_ask_again() -> None:
    limits = of(requests_per_second=2.0, burst=1)
    limits.check_pace("ada", "submitter", 10.0)
    with pytest.raises(TooManyRequests, match=r"try again in 0.5 s") as caught:
        limits.check_pace("ada", "submitter", 10.0)
    assert caught.value.code is ErrorCode.TOO_MANY_REQUESTS
    assert caught.value.info.retry_after == 0.5
    limits.check_pace("eva", "submitter", 10.0)
    limits.check_pace("ada", "submitter", 10.5)


def test_who_listens_to_as_many_streams_as_they_may_gets_no_more() -> None:
    limits = of(streams=2)
    limits.check_streams("ada", "observer", 1)
    with pytest.raises(LimitReached, match="listens to 2 streams, and may to 2"):
        limits.check_streams("ada", "observer", 2)
    of(streams=0).check_streams("ada", "observer", 10**9)


def test_other_bounds_hold_from_a_reload_on_and_what_users_have_stays_known() -> None:
    limits = of(having(jobs=3), jobs=0)
    limits.check_job("ada", "submitter", SPEC)
    limits.reload(Limits(), {"ada": Otherwise(jobs=3)})
    with pytest.raises(LimitReached):
        limits.check_job("ada", "submitter", SPEC)
    limits.reload(Limits(), {})
    limits.check_job("ada", "submitter", SPEC)


def test_who_has_no_name_is_spoken_of_all_the_same() -> None:
    holdings = Holdings()
    holdings.begun("")
    with pytest.raises(LimitReached, match=r"^whoever the station cannot tell has 1 jobs"):
        of(holdings, jobs=1).check_job("", "submitter", SPEC)
