"""A QPU behind Qibolab: what a Qibolab platform can play becomes a target for circuits."""

from __future__ import annotations

from stationd.actors.drivers.platform_qpu import PlatformQpu


class QibolabPlatform(PlatformQpu):
    """The QPU of a Qibolab platform, on its real instruments or its emulator.

    Args:
        platform: The folder with the platform's ``platform.py``, or a name that Qibolab finds
            where ``QIBOLAB_PLATFORMS`` says; ``dummy`` is Qibolab's own.
        shots_per_block: Shots between two blocks of data; an abort waits for one of them.

    Raises:
        InstrumentError: Qibolab is not installed, or the platform cannot be opened.
        ValueError: An option has no meaning.
    """

    def __init__(self, *, platform: str, shots_per_block: int = 1000) -> None:
        super().__init__(
            "stationd.actors.drivers.qibolab_process", platform, shots_per_block=shots_per_block
        )
