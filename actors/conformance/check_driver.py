"""Put a driver through all checks: the one function that authors of drivers call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.conformance.checks import Terms, check
from stationd.actors.conformance.report import Report
from stationd.proto.program import CircuitsWork, NullWork, SweepWork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from stationd.actors.driver import Driver
    from stationd.proto.program import Work


def check_driver(
    make: Callable[[], Driver],
    *,
    work: Work | Sequence[Work] | None = None,
    long_work: Work | None = None,
    silence: Callable[[], AbstractContextManager[object]] | None = None,
    beyond_limits: bool = False,
    patience: float = 30.0,
    abort_within: float = 5.0,
) -> Report:
    """Put a driver through prepare, run, abort, hang and reconnect, and tell what it breaks.

    Its hooks are called as a controller calls them, in a thread of their own. Nothing but the
    driver is needed: no station, no sockets, no files.

    Without `work` the driver gets what its description suggests: settings are moved within their
    declared limits, those without limits are left alone, and readouts are read. Give `work` where
    an instrument must not be moved like this.

    Args:
        make: Makes the driver, as in ``lambda: SourceMeter(host="192.168.1.20")``. Called twice:
            after `close` the driver is made anew.
        work: What it is to do, one piece or several; soon done.
        long_work: What it is to be aborted at; long enough to be aborted.
        silence: Makes the instrument silent for as long as the context lasts: without it, hanging
            is left out.
        beyond_limits: Also set something beyond its limits, which a driver may well obey: not
            for a real instrument.
        patience: Seconds that any hook may take before the driver counts as hanging.
        abort_within: Seconds from an abort to rest.

    Returns:
        What came of each check: ``report.assert_conforms()`` in a test, ``print(report)`` by hand.
    """
    if work is None:
        given: tuple[Work, ...] = ()
    else:
        given = (work,) if isinstance(work, CircuitsWork | SweepWork | NullWork) else tuple(work)
    kind = ""

    def made() -> Driver:
        nonlocal kind
        driver = make()
        kind = f"{type(driver).__module__}:{type(driver).__qualname__}"
        return driver

    terms = Terms(made, given, long_work, silence, beyond_limits, patience, abort_within)
    findings = tuple(check(terms))
    return Report(kind or "the driver", findings)
