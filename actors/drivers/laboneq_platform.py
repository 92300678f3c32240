"""A QPU behind LabOne Q: circuits on Zurich Instruments' hardware, or on LabOne Q's emulation."""

from __future__ import annotations

from stationd.actors.drivers.platform_qpu import PlatformQpu


class LaboneqPlatform(PlatformQpu):
    """The QPU of a LabOne Q ``QuantumPlatform``.

    Args:
        platform: ``package.module:function``, which returns a ``QuantumPlatform``. Its quantum
            operations are what circuits are made of: ``prx(q, angle, phase)``, ``measure(q,
            handle)`` and, where there is one, ``cz(q1, q2)``.
        emulate: Compile and play everything but connect to no instrument; outcomes are LabOne Q's
            placeholders, which all count as one.
        shots_per_block: Shots between two blocks of data; an abort waits for one of them.

    Raises:
        InstrumentError: LabOne Q is not installed, or the platform cannot be opened.
        ValueError: An option has no meaning.
    """

    def __init__(
        self, *, platform: str, emulate: bool = False, shots_per_block: int = 10_000
    ) -> None:
        super().__init__(
            "stationd.actors.drivers.laboneq_process",
            platform,
            "emulate" if emulate else "connect",
            shots_per_block=shots_per_block,
        )
