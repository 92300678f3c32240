"""What parts add to a scenario, each from a source of chance of its own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Final, cast
from uuid import UUID

import msgspec

from stationd.proto.error import ErrorCode
from stationd.proto.program import Axis, Circuits, Sweep
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.limits.bounds import Limits, Otherwise, Role
from stationd.runtime.settings import tables
from stationd.runtime.settings.guard import Guard
from tests.simulation.parts import PARTS, Part, Parts
from tests.simulation.rights import WATCHER, key_of
from tests.simulation.scenario import CONTROLLERS, Order, Retrial, Scenario, base
from tests.simulation.trace import Trace

_ALSO: Final = {name: f"also-{name}" for name in CONTROLLERS}
"""Second targets of the same controllers."""


def scenario(trace: Trace, parts: Parts) -> Scenario:
    """Draw a scenario."""
    drawn = base(trace.chance("scenario"))
    for part in PARTS:
        if part in parts and part in _ADDED:
            drawn = _ADDED[part](trace.chance(f"scenario, {part}"), drawn)
    return drawn


def _orders(drawn: Scenario, change: Callable[[Order], Order]) -> Scenario:
    return replace(
        drawn, clients=tuple(tuple(change(order) for order in orders) for orders in drawn.clients)
    )


# --- several targets -------------------------------------------------------------------------


def _targets(chance: Random, drawn: Scenario) -> Scenario:
    def change(order: Order) -> Order:
        other = chance.random() < 0.5
        if not isinstance(order.work, Circuits) or not other:
            return order
        work = msgspec.structs.replace(order.work, target=_ALSO[order.work.target])
        return replace(order, work=work)

    also = {other: tables.Target(controller=name) for name, other in _ALSO.items()}
    targets = {**drawn.settings.targets, **also}
    return replace(
        _orders(drawn, change), settings=msgspec.structs.replace(drawn.settings, targets=targets)
    )


# --- further attempts ------------------------------------------------------------------------


def _retries(chance: Random, drawn: Scenario) -> Scenario:
    def change(order: Order) -> Order:
        number = chance.choice((0, 0, 1, 1, 2, 3))
        retrials = tuple(_retrial(chance, len(drawn.clients)) for _ in range(number))
        return replace(order, retrials=retrials)

    return replace(_orders(drawn, change), refuses=max(drawn.refuses, chance.choice((0.0, 0.2))))


def _retrial(chance: Random, clients: int) -> Retrial:
    return Retrial(
        client=chance.randrange(clients),
        strategy=chance.choice(tuple(RemoteRetryStrategy)),
        statuses=chance.choice((None, None, ("ERROR",), ("CANCELLED",), ("ERROR", "CANCELLED"))),
        patient=chance.random() < 0.8,
        pause=chance.choice((0.0, 0.0, chance.uniform(0, 0.1), chance.uniform(0, 3))),
    )


_RETRY_ON: Final = (
    (),
    (),
    (ErrorCode.DRIVER_FAILED,),
    (ErrorCode.INSTRUMENT_LOST,),
    (ErrorCode.JOB_TIMEOUT, ErrorCode.DRIVER_FAILED),
)


def _attempts(chance: Random, drawn: Scenario) -> Scenario:
    def change(order: Order) -> Order:
        most = chance.choice((1, 1, 2, 3))
        retry_on = chance.choice(_RETRY_ON)
        return replace(
            order,
            max_attempts=most,
            retry_on=retry_on if most > 1 else (),
            on_lost=chance.choice(("fail", "requeue")),
        )

    return replace(_orders(drawn, change), refuses=max(drawn.refuses, chance.choice((0.0, 0.2))))


# --- sweeps that go on -----------------------------------------------------------------------


def _going_on(chance: Random, drawn: Scenario) -> Scenario:
    def change(order: Order) -> Order:
        steps = tuple(float(step) for step in range(chance.randint(3, 12)))
        resume = chance.random() < 0.8
        if not isinstance(order.work, Sweep):
            return order
        (first, *_), *others = order.work.axes
        axes = ((Axis(first.setting, steps),), *others)
        work = msgspec.structs.replace(order.work, axes=axes)
        return replace(order, work=work, resume=resume)

    return replace(_orders(drawn, change), refuses=max(drawn.refuses, chance.choice((0.0, 0.2))))


def _lines(chance: Random, drawn: Scenario) -> Scenario:
    def change(order: Order) -> Order:
        inner = tuple(map(float, range(chance.randint(2, 8))))
        changed = chance.random() < 0.7
        if not isinstance(order.work, Sweep) or not changed:
            return order
        outer = order.work.axes
        used = {group[0].setting.partition(".")[0] for group in outer}
        alone = chance.choice([name for name in CONTROLLERS if name not in used] or [""])
        if not alone:
            return order
        axes = (*outer[:2], (Axis(f"{alone}.x", inner),))
        work = msgspec.structs.replace(order.work, axes=axes, returns=(f"{alone}.y",))
        return replace(order, work=work)

    return _orders(drawn, change)


# --- bounds ----------------------------------------------------------------------------------


def _deadlines(chance: Random, drawn: Scenario) -> Scenario:
    def change(order: Order) -> Order:
        timeout = chance.choice((0.02, chance.uniform(0.02, 0.5), chance.uniform(0.5, 5)))
        return replace(order, timeout=timeout if chance.random() < 0.3 else None)

    controllers = {
        name: msgspec.structs.replace(one, silence=chance.choice((0.0, 1.0, 2.5)))
        for name, one in drawn.settings.controllers.items()
    }
    return replace(
        _orders(drawn, change),
        settings=msgspec.structs.replace(drawn.settings, controllers=controllers),
        hangs=chance.choice((0.0, 0.1, 0.3)),
    )


def _stubborn(chance: Random, drawn: Scenario) -> Scenario:
    instruments = msgspec.structs.replace(
        drawn.settings.instruments, abort_timeout=chance.choice((0.3, 1.0, 3.0))
    )
    return replace(
        drawn,
        settings=msgspec.structs.replace(drawn.settings, instruments=instruments),
        stubborn=chance.choice((0.2, 0.6)),
        children=frozenset(name for name in CONTROLLERS if chance.random() < 0.4),
    )


def _listeners(chance: Random, drawn: Scenario) -> Scenario:
    return replace(drawn, ears=chance.randint(1, 3))


# --- guards, and an order of starting --------------------------------------------------------


def _guards(chance: Random, drawn: Scenario) -> Scenario:
    controllers = {
        name: msgspec.structs.replace(one, start_group=chance.choice((0, 0, 1, 2)))
        for name, one in drawn.settings.controllers.items()
    }
    guards = {
        f"guard-{number}": Guard(
            readout=f"{chance.choice(CONTROLLERS)}.y",
            targets=tuple(chance.sample(CONTROLLERS, chance.choice((1, 1, 2)))),
            minimum=0.5,
            grace=chance.choice((0.0, 0.05, 0.5)),
            every=chance.choice((0.02, 0.1, 0.3)),
            abort=chance.random() < 0.5,
        )
        for number in range(chance.choice((1, 2)))
    }
    settings = msgspec.structs.replace(drawn.settings, controllers=controllers, guards=guards)
    return replace(drawn, settings=settings)


# --- users ------------------------------------------------------------------------------------

_USERS: Final = {"ann": "submitter", "bob": "submitter", "olga": "operator", "adam": "admin"}
_GUESTS: Final = ("gil", "gus")


def _users(chance: Random, drawn: Scenario) -> Scenario:
    roles = {**_USERS, **dict.fromkeys(_GUESTS, "submitter"), WATCHER: "admin"}
    users = {
        name: tables.User(role=cast("Role", role), keys=(key_of(name),))
        for name, role in roles.items()
    }
    readers = msgspec.structs.replace(
        drawn.settings.api, jobs_are_read_by=chance.choice(("everyone", "owners", "owners"))
    )
    return replace(
        drawn,
        settings=msgspec.structs.replace(drawn.settings, users=users, api=readers),
        people=tuple(chance.choice(("ann", "bob", "olga", "adam")) for _ in drawn.clients),
        guests=_GUESTS,
    )


def _limits(chance: Random, drawn: Scenario) -> Scenario:
    projects = tuple(str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(2))

    def change(order: Order) -> Order:
        return replace(order, project=chance.choice(("", *projects)))

    users = {
        name: msgspec.structs.replace(user, limits=chance.choice((None, None, Otherwise(jobs=2))))
        for name, user in drawn.settings.users.items()
    }
    settings = msgspec.structs.replace(drawn.settings, limits=some_limits(chance), users=users)
    return replace(_orders(drawn, change), settings=settings, projects=projects)


def some_limits(chance: Random) -> Limits:
    """Draw how many jobs users may have under way."""
    of_role = Otherwise(jobs=chance.choice((1, 3, 6)))
    role: Role = chance.choice(("submitter", "admin"))
    return Limits(jobs=chance.choice((2, 4, 8)), roles={role: of_role})


def _locks(_chance: Random, drawn: Scenario) -> Scenario:
    return replace(drawn, locked=True)


_ADDED: Final[Mapping[Part, Callable[[Random, Scenario], Scenario]]] = {
    "targets": _targets,
    "retries": _retries,
    "attempts": _attempts,
    "going-on": _going_on,
    "deadlines": _deadlines,
    "stubborn": _stubborn,
    "listeners": _listeners,
    "guards": _guards,
    "users": _users,
    "limits": _limits,
    "locks": _locks,
    "lines": _lines,
}
