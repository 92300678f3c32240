"""What came of putting a driver through the checks: each of them in words."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Verdict = Literal["kept", "broken", "advice", "left out"]
"""``advice``: no rule is broken, and it could be better; ``left out``: it was not tried."""

_MARKS: Final[dict[Verdict, str]] = {
    "kept": "ok",
    "broken": "BROKEN",
    "advice": "advice",
    "left out": "-",
}


class Finding(Struct, frozen=True):
    """What came of one check."""

    check: str
    """Its name, as in ``abort``."""
    verdict: Verdict
    says: str
    """What was seen, and for what is broken what to do about it."""


class Report(Struct, frozen=True):
    """What came of all checks of a driver; as text it is a line for each."""

    driver: str
    """Its class."""
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Finding, ...]:
        """What the driver breaks."""
        return tuple(one for one in self.findings if one.verdict == "broken")

    @property
    def conforms(self) -> bool:
        """Whether it breaks nothing."""
        return not self.broken

    def assert_conforms(self) -> None:
        """Return if the driver breaks nothing.

        Raises:
            AssertionError: It does; the message is the whole report.
        """
        if self.broken:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        width = max((len(one.check) for one in self.findings), default=0)
        count = len(self.broken)
        told = f"breaks {count} rule{'s' * (count != 1)}" if count else "breaks nothing"
        lines = [
            f"  {_MARKS[one.verdict]:<6}  {one.check:<{width}}  {one.says}" for one in self.findings
        ]
        return "\n".join([f"{self.driver} {told}", *lines])
