"""Wrong variants of what is said of users, of how much they may have, and of closed controllers."""

# pyright: reportPrivateUsage=false
from typing import Final

from stationd.runtime import parts as station_parts
from stationd.runtime.api import admission, parts, people, privacy, resent, streams_api, targets_api
from stationd.runtime.limits import holdings, limits, quotas
from stationd.runtime.queue import gates, queue
from stationd.runtime.security import access
from tests.simulation import wrong
from tests.simulation.mutant import Mutant
from tests.simulation.parts import Parts

_USERS: Final[Parts] = frozenset({"users"})
_LIMITS: Final[Parts] = frozenset({"limits"})
_LOCKS: Final[Parts] = frozenset({"locks"})
_RETRIES: Final[Parts] = frozenset({"retries"})

MUTANTS_OF_USE = (
    Mutant("a lock keeps nothing", gates.Gates, "locked", wrong.nothing, parts=_LOCKS),
    Mutant(
        "maintenance keeps nothing",
        gates.Gates,
        "reserved",
        wrong.nothing,
        caught_by=(7, "asyncio"),
        parts=_LOCKS,
    ),
    Mutant("a restart forgets locks", station_parts, "remember", wrong.forget_locks, parts=_LOCKS),
    Mutant(
        "a lock is answered before it is on disk",
        targets_api.TargetsApi,
        "_note",
        wrong.note_and_go_on,
        caught_by=(7, "trio"),
        parts=_LOCKS,
    ),
    Mutant(
        "what was sent ahead is not taken back for a lock",
        queue.Queue,
        "_turn_gates",
        wrong.take_nothing_back,
        caught_by=(1503, "trio"),
        parts=_LOCKS,
    ),
    Mutant(
        "anybody takes a lock off",
        targets_api.TargetsApi,
        "_lock",
        wrong.unlock_for_anybody,
        caught_by=(12, "trio"),
        parts=_LOCKS | _USERS,
    ),
    Mutant(
        "jobs that are not on disk yet do not count",
        limits.UserLimits,
        "arriving",
        wrong.count_when_stored,
        parts=_LIMITS,
    ),
    Mutant(
        "a job that is over is not given back",
        holdings.Holdings,
        "ended",
        wrong.nothing,
        parts=_LIMITS,
    ),
    Mutant(
        "a job that is over is given back twice",
        holdings.Holdings,
        "ended",
        wrong.give_back_twice,
        parts=_LIMITS,
    ),
    Mutant(
        "retries are not counted",
        parts.Parts,
        "_check_room",
        wrong.nothing,
        caught_by=(2, "trio"),
        parts=_LIMITS | _RETRIES,
    ),
    Mutant(
        "a job that was let in is refused when it is sent again",
        resent.Resent,
        "refuse",
        wrong.refuse_at_once,
        caught_by=(18, "asyncio"),
        parts=_LIMITS,
    ),
    Mutant(
        "a quota keeps nobody out",
        quotas.Quotas,
        "check",
        wrong.nothing,
        caught_by=(8, "trio"),
        parts=_LIMITS,
    ),
    Mutant("results are not counted", quotas.Quotas, "counted", wrong.count_nothing, parts=_LIMITS),
    Mutant(
        "everybody reads what owners alone may",
        privacy.Privacy,
        "whose",
        wrong.nothing,
        parts=_USERS,
    ),
    Mutant(
        "a stream goes on with what may not be read any more",
        streams_api.StreamsApi,
        "narrow",
        wrong.nothing,
        caught_by=(32, "asyncio"),
        parts=_USERS,
    ),
    Mutant(
        "streams outlive the key of their listener",
        admission.Admission,
        "_part_from_revoked",
        wrong.nothing,
        caught_by=(25, "asyncio"),
        parts=_USERS,
    ),
    Mutant(
        "a role stays that was taken away",
        people.People,
        "reload",
        wrong.keep_roles,
        caught_by=(27, "asyncio"),
        parts=_USERS,
    ),
    Mutant(
        "a key opens that was taken away",
        access.Access,
        "reload",
        wrong.nothing,
        caught_by=(4, "trio"),
        parts=_USERS,
    ),
    Mutant(
        "anybody changes anybody's jobs",
        people.Person,
        "check_owner",
        wrong.nothing,
        caught_by=(2, "asyncio"),
        parts=_USERS,
    ),
)
