"""The controllers on the status page, and what holds work up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.status_page.snapshot import ControllerRow, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stationd.runtime.station import Station


def controller_rows(
    station: Station, shares: Mapping[str, tuple[float, ...]]
) -> tuple[ControllerRow, ...]:
    """Return all controllers.

    Args:
        station: The station.
        shares: What each one's time was spent on of late.
    """
    queue, vitals = station.instruments.queue, station.metrics.vitals
    targets = station.settings.target_controllers
    return tuple(
        ControllerRow(
            name=name,
            driver=peer.driver or station.settings.controllers[name].driver,
            targets=tuple(sorted(target for target, of in targets.items() if of == name)),
            use=station.metrics.utilisation.use(name),
            job=station.instruments.running(name) or "",
            line=queue.line(name),
            waiting=queue.ready(name),
            heard_unix_s=vitals.heard_unix_s.get(name, 0.0),
            restarts=vitals.restarts.get(name, 0),
            gate=queue.gates.gate(name).state,
            note=queue.gates.gate(name).note,
            shares=shares.get(name, ()),
        )
        for name, peer in station.bus.peers.items()
    )


def notices(station: Station) -> tuple[Notice, ...]:
    """Return what holds work up."""
    return (*_of_the_station(station), *_of_controllers(station), *_of_reservations(station))


def _of_the_station(station: Station) -> Iterator[Notice]:
    if station.journal.trouble:
        yield Notice(kind="trouble", subject="storage", text=station.journal.trouble)
    if station.api.stopping:
        yield Notice(kind="stopping", subject="station", text="")
    if station.remark:
        yield Notice(kind="remark", subject="station", text=station.remark)


def _of_controllers(station: Station) -> Iterator[Notice]:
    for name in station.bus.peers:
        job = station.instruments.quarantine.job(name)
        if job is not None:
            yield Notice(kind="quarantined", subject=name, text=job)
        gates = station.instruments.queue.gates
        for hold in gates.holds(name):
            yield Notice(kind="guarded", subject=name, text=f"{hold.guard}: {hold.reason}")
        gate = gates.gate(name)
        if gate.state != "open":
            yield Notice(kind=gate.state, subject=name, text=gate.note)


def _of_reservations(station: Station) -> Iterator[Notice]:
    now = station.ports.clock.time()
    for one in station.instruments.queue.gates.reservations():
        if one.holds(now):
            # Without a project it is for nobody.
            project = station.projects.get(one.project or "")
            whom = "" if project is None else f"for {project.name}"
            text = ": ".join(part for part in (whom, one.note) if part)
            yield Notice(kind="reserved", subject=one.controller, text=text)
