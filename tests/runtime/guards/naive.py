"""The rules of guards, told from the whole story at once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Read:
    """A reading."""

    at: float
    fault: bool


def runs(readings: list[Read], now: float) -> list[tuple[bool, float, float, float]]:
    """Stretches of readings of one kind: whether wrong, first, last, and until when that counts."""
    found: list[tuple[bool, float, float, float]] = []
    for reading in readings:
        if found and found[-1][0] == reading.fault:
            found[-1] = (*found[-1][:2], reading.at, now)
        else:
            if found:
                found[-1] = (*found[-1][:3], reading.at)
            found.append((reading.fault, reading.at, reading.at, now))
    return found


def story(readings: list[Read], grace: float, now: float) -> tuple[bool, bool]:
    """Return whether nothing may begin, and whether the guard was violated and is not back."""
    holds, violated = True, False
    for wrong, first, last, until in runs(readings, now):
        if wrong and (violated or until - first >= grace):
            holds = violated = True
        elif not wrong and (not violated or last - first >= grace):
            holds = violated = False
    return holds, violated
