"""What a check has found."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["ok", "warn", "fail"]
"""``warn``: it runs, and something should be done; ``fail``: it does not run, or soon will not."""


class Finding(Struct, frozen=True, omit_defaults=True):
    """One line of the doctor."""

    check: str
    """What was looked at."""
    state: State
    text: str
    """What was found."""
    advice: str = ""
    """What to do; empty if all is well."""


def ok(check: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", text)


def warn(check: str, text: str, advice: str) -> Finding:
    """Return that something should be done."""
    return Finding(check, "warn", text, advice)


def fail(check: str, text: str, advice: str) -> Finding:
    """Return that something must be done."""
    return Finding(check, "fail", text, advice)
