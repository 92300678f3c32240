"""Pacing: the spots that several controllers visit together.

Rule 1. At every spot all that move are set first, then all that read are read; nobody begins
        with a step before everybody has done the one before it. Settings belong to the first set.
Rule 2. A word may be repeated at any time: controllers answer it again and act on it once.
Rule 3. Whose axes stand still between two spots is not called to set them. Whoever reads nothing
        is called at the last spot all the same: its part ends with that.
Rule 4. Whoever is alone with a step needs no word for the next one that it takes part in. So its
        words come together; and while all others stand still, one word is enough for all spots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.execution.paced_word import READ, SET, PacedWord, number_of
from stationd.actors.execution.still_axes import Moving
from stationd.actors.stages.stretches import next_spot
from stationd.proto.program import SweepWork, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.actors.execution.paced_word import Phase
    from stationd.actors.stages.stretches import Covered


class Pacing:
    """Where a paced sweep stands.

    Args:
        works: The work by controller.
    """

    def __init__(self, works: Mapping[str, Work]) -> None:
        sweeps = {
            name: work for name, work in works.items() if isinstance(work, SweepWork) and work.paced
        }
        self._spots = max((work.spots for work in sweeps.values()), default=0)
        self._first = max((work.first for work in sweeps.values()), default=0)
        self._returns = [f"{name}.{one}" for name, work in sweeps.items() for one in work.returns]
        # Those that take part and have not ended.
        self._moving = {
            name: Moving(work, self._first)
            for name, work in sweeps.items()
            # Nobody reads before everybody has applied the settings, also those who move nothing.
            if work.moves or (work.settings and work.returns)
        }
        self._readers = [name for name, work in sweeps.items() if work.returns]
        # Words that are not answered yet, in the order in which they were given.
        self._unanswered: dict[str, list[PacedWord]] = {}
        # The step that is being done, and all before it are; None before the first.
        self._at: int | None = None

    def paces(self, controller: str) -> bool:
        """Whether a controller waits for the daemon's word at every spot."""
        return controller in self._moving or controller in self._readers

    def resume(self, covered: Covered) -> None:
        """Go on with the first spot that is not stored whole.

        Args:
            covered: Which spots are stored, by readout.
        """
        self._first = next_spot(self._returns, covered, self._first)
        for moving in self._moving.values():
            moving.begin(self._first)

    def begin(self) -> list[PacedWord]:
        """Return the words for the first step; none if it has begun already."""
        if self._at is not None:
            return []
        self._at = number_of(self._first, SET) - 1
        return self._go_on()

    def awaits(self, controller: str) -> bool:
        """Whether a controller has been called and has not answered."""
        return controller in self._unanswered

    def again(self, controller: str) -> list[PacedWord]:
        """Return the words that a controller may not have heard."""
        return list(self._unanswered.get(controller, ()))

    def reached(self, controller: str, spot: int, phase: Phase) -> list[PacedWord]:
        """Take a controller's answer and return the words that follow."""
        words = self._unanswered.get(controller)
        step = number_of(spot, phase)
        if words is None or step < words[0].first:
            return []
        if step < words[0].last:
            # It is of an earlier release, which does one step at a word.
            words[0] = words[0].behind(step, sets=controller in self._moving)
            return [words[0]]
        left = [word for word in words if step < word.last]
        if left:
            self._unanswered[controller] = left
        else:
            del self._unanswered[controller]
        return self._go_on()

    def leave(self, controller: str) -> list[PacedWord]:
        """Count on a controller no more: it has ended.

        Returns:
            The words for the next step, if it was the last that this one waited for.
        """
        self._moving.pop(controller, None)
        if controller in self._readers:
            self._readers.remove(controller)
        if self._unanswered.pop(controller, None) is None:
            return []
        return self._go_on()

    def _go_on(self) -> list[PacedWord]:
        """Return the words for the next step, if this one is done."""
        at = self._at
        if at is None or any(words[0].first <= at for words in self._unanswered.values()):
            return []
        step, called = self._after(at)
        self._at = step
        if len(called) == 1 and called[0] not in self._unanswered:
            return self._call_alone(called[0], step)
        return [
            self._call(name, PacedWord(name, step, step))
            for name in called
            if name not in self._unanswered
        ]

    def _call_alone(self, controller: str, step: int) -> list[PacedWord]:
        last = self._at = self._last_alone(controller, step)
        words = [self._call(controller, PacedWord(controller, step, last))]
        following, called = self._after(last)
        # Not behind several spots, of which an earlier release does one.
        if controller in called and last == step:
            words.append(self._call(controller, PacedWord(controller, following, following)))
        return words

    def _call(self, controller: str, word: PacedWord) -> PacedWord:
        self._unanswered.setdefault(controller, []).append(word)
        return word

    def _last_alone(self, controller: str, step: int) -> int:
        """Return the last step up to which nobody else takes part in any."""
        if self._readers != [controller]:
            return step
        spot = step // 2
        others = (moving for name, moving in self._moving.items() if name != controller)
        end = min((moving.due(spot + 1) for moving in others), default=self._spots)
        return number_of(min(end, self._spots) - 1, READ)

    def _after(self, step: int) -> tuple[int, list[str]]:
        """Return the next step that anybody takes part in, and who does."""
        if step % 2 == 0 and self._readers:
            return step + 1, self._readers
        spot = step // 2 + 1
        due = {name: moving.due(spot) for name, moving in self._moving.items()}
        if not self._readers:
            spot = min(due.values(), default=self._spots)
        if spot >= self._spots:
            return number_of(self._spots, SET), []
        called = [name for name, at in due.items() if at == spot]
        return (number_of(spot, SET), called) if called else (number_of(spot, READ), self._readers)
