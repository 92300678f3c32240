"""Whether somebody may have more of the station, and what to do if not.

Rule 1. A check that finds no bound costs next to nothing: it is on the way of every submit.
Rule 2. A refusal says who has how much, how much there may be, which key says so, and what helps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from stationd.proto.error import ErrorCode, ErrorInfo, LimitReached, TooManyRequests
from stationd.proto.program import Sweep, program_bytes
from stationd.runtime.limits.bounds import Bounds, Limits, Otherwise, bounds_of
from stationd.runtime.limits.bucket import Bucket

if TYPE_CHECKING:
    from stationd.proto.job import JobSpec
    from stationd.runtime.limits.holdings import Holdings

_GIB: Final = 2**30
_MIB: Final = 2**20
_VALUE_BYTES: Final = 9
"""Of one number of a sweep, on the wire."""
_NAMELESS: Final = "whoever the station cannot tell"


class UserLimits:
    """The bounds of all users, and how often each has asked.

    Args:
        limits: The table of the configuration.
        own: What it says of single users, by name.
        holdings: What users have.
    """

    def __init__(
        self, limits: Limits, own: Mapping[str, Otherwise | None], holdings: Holdings
    ) -> None:
        self._holdings = holdings
        self._limits = limits
        self._own = own
        self._known: dict[tuple[str, str], Bounds] = {}
        self._buckets: dict[str, Bucket] = {}
        self._arriving: dict[str, int] = {}
        self.paced = False
        """Whether anybody may ask only so often."""
        self.bound = False
        """Whether new jobs must be looked at."""
        self.weighed = False
        """Whether somebody's results are limited."""
        self.reload(limits, own)

    def reload(self, limits: Limits, own: Mapping[str, Otherwise | None]) -> None:
        """Go by other bounds from now on; what users have and how often they asked stays known.

        Args:
            limits: As for the constructor, here and below.
            own: What it says of single users.
        """
        self._limits, self._own = limits, own
        self._known.clear()
        self._buckets.clear()
        said: list[Bounds | Otherwise] = [limits, *limits.roles.values()]
        said += [one for one in own.values() if one is not None]
        self.paced = any(each.requests_per_second for each in said)
        self.weighed = any(each.result_gib for each in said)
        self.bound = self.weighed or any(each.jobs or each.program_mib for each in said)

    def bounds(self, user: str, role: str) -> Bounds:
        """Return what holds for a user."""
        found = self._known.get((user, role))
        if found is None:
            found = bounds_of(self._limits, role, self._own.get(user))
            self._known[user, role] = found
        return found

    def check_pace(self, user: str, role: str, now: float) -> None:
        """Return if a user may ask again already.

        Args:
            user: The name.
            role: The user's.
            now: Seconds on a clock that never goes back.

        Raises:
            TooManyRequests: No; it says when.
        """
        bounds = self.bounds(user, role)
        if not bounds.requests_per_second:
            return
        bucket = self._buckets.get(user)
        if bucket is None:
            bucket = Bucket(bounds.requests_per_second, bounds.burst, now)
            self._buckets[user] = bucket
        wait = bucket.take(now)
        if wait:
            raise TooManyRequests(
                ErrorInfo(
                    ErrorCode.TOO_MANY_REQUESTS,
                    f"{user or _NAMELESS} may ask {bounds.requests_per_second:g} times a second"
                    f" ([limits] requests_per_second): try again in {wait:.2g} s",
                    retry_after=wait,
                )
            )

    def check_job(self, user: str, role: str, spec: JobSpec) -> None:
        """Return if a user may submit a job.

        Args:
            user: The name.
            role: The user's.
            spec: What is asked for.

        Raises:
            LimitReached: No.
        """
        if not self.bound:
            return
        bounds = self.bounds(user, role)
        if bounds.program_mib:
            self._check_programs(bounds, user, spec)
        self._check_jobs(bounds, user)
        if bounds.result_gib:
            self._check_results(bounds, user)

    def arriving(
        self, user: str, answer: Callable[[int, bool], None]
    ) -> Callable[[int, bool], None]:
        """Count a job that is let in and not on disk yet.

        Args:
            user: Whose it is.
            answer: Called back with the job once it is.

        Returns:
            What is to be called back instead.
        """
        if not self.bound:
            return answer
        arriving = self._arriving
        arriving[user] = arriving.get(user, 0) + 1

        def arrived(number: int, created: bool) -> None:  # noqa: FBT001 - the journal's words
            arriving[user] -= 1
            answer(number, created)

        return arrived

    def check_attempt(self, user: str, role: str) -> None:
        """Return if a user may have a further job under way, which is stored already.

        Raises:
            LimitReached: No.
        """
        if self.bound:
            self._check_jobs(self.bounds(user, role), user)

    def check_streams(self, user: str, role: str, there: int) -> None:
        """Return if a user may listen to a further stream.

        Args:
            user: The name.
            role: The user's.
            there: Streams that the user has.

        Raises:
            LimitReached: No.
        """
        most = self.bounds(user, role).streams
        if most and there >= most:
            raise LimitReached(
                f"{user or _NAMELESS} listens to {there} streams, and may to {most} ([limits]"
                " streams): close some, or listen to all jobs in one"
            )

    def _check_jobs(self, bounds: Bounds, user: str) -> None:
        there = self._holdings.jobs(user) + self._arriving.get(user, 0)
        if bounds.jobs and there >= bounds.jobs:
            raise LimitReached(
                f"{user or _NAMELESS} has {there} jobs under way, and may have {bounds.jobs}"
                " ([limits] jobs): submit again when some are over, or cancel some"
            )

    def _check_results(self, bounds: Bounds, user: str) -> None:
        there = self._holdings.result_bytes(user) / _GIB
        if there >= bounds.result_gib:
            raise LimitReached(
                f"the stored results of {user or _NAMELESS} take {there:.3g} GiB of the"
                f" {bounds.result_gib:g} GiB that they may ([limits] result_gib): delete jobs that"
                " are not needed any more (stationctl delete)"
            )

    def _check_programs(self, bounds: Bounds, user: str, spec: JobSpec) -> None:
        there = _program_bytes(spec) / _MIB
        if there > bounds.program_mib:
            raise LimitReached(
                f"the programs of this job take {there:.3g} MiB; a job of {user or _NAMELESS} may"
                f" have {bounds.program_mib:g} MiB ([limits] program_mib): make several jobs of it"
            )


def _program_bytes(spec: JobSpec) -> int:
    """Return about how much a job's programs take, without encoding them."""
    work = spec.work
    if isinstance(work, Sweep):
        return sum(_VALUE_BYTES * len(axis.values) for group in work.axes for axis in group)
    return sum(map(program_bytes, work.programs))
