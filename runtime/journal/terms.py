"""Words that many jobs have in common, each stored once: names, creators, targets, properties.

Rule 1. A job's row holds the numbers of its terms; `tags` leads from a term to its jobs, and the
        term knows how many there are.
Rule 2. Only the writer gives numbers, in the commit that first needs the term.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from stationd.proto.project import PropertyValue
from stationd.runtime.journal.codes import Term
from stationd.runtime.journal.statement import Row, Statement

_MOST_KNOWN: Final = 100_000
"""Terms that are kept in memory; then all are forgotten."""

Key = tuple[Term, str]
"""What a term is about, and the word."""


def property_term(name: str, value: PropertyValue) -> str:
    """Return the word by which jobs with a property are found.

    >>> property_term("cold", True), property_term("runs", 3.0), property_term("chip", "A7")
    ('cold=true', 'runs=3', 'chip="A7"')
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{name}={msgspec.json.encode(value).decode()}"


def property_terms(properties: Mapping[str, PropertyValue]) -> list[Key]:
    """Return the terms of a job's properties."""
    return [(Term.PROPERTY, property_term(*each)) for each in properties.items()]


class Terms:
    """The numbers of terms, as far as they are stored.

    Args:
        find: Looks up the number of a stored term.
        newest: Looks up the highest number.
    """

    def __init__(self, find: Callable[[Key], int | None], newest: Callable[[], int]) -> None:
        self._find = find
        self._look_up_newest = newest
        self._newest: int | None = None
        self._known: dict[Key, int] = {}

    def number(self, key: Key) -> int | None:
        """Return the number of a term; None if it has none yet."""
        found = self._known.get(key)
        if found is None:
            found = self._find(key)
            if found is not None:
                self.learn({key: found})
        return found

    def new_number(self, more: int) -> int:
        """Return the number of a new term, when there are so many new ones already."""
        if self._newest is None:
            self._newest = self._look_up_newest()
        return self._newest + more + 1

    def learn(self, stored: Mapping[Key, int]) -> None:
        """Remember terms that are stored."""
        if len(self._known) + len(stored) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(stored)

    def forget(self) -> None:
        """Look everything up again: a commit has failed, or terms have been removed."""
        self._newest = None
        self._known.clear()

    def committed(self, new: Mapping[Key, int]) -> None:
        """Take over the new terms of a commit."""
        if new and self._newest is not None:
            self._newest += len(new)
        self.learn(new)


class Labels:
    """The terms, tags and counts of one commit.

    Args:
        terms: Those that are stored.
    """

    def __init__(self, terms: Terms) -> None:
        self.new: dict[Key, int] = {}
        """Terms that this commit stores first."""
        self._terms = terms
        self._tags: list[Row] = []
        self._removed: list[Row] = []
        self._counts: Counter[int] = Counter()

    def term(self, kind: Term, word: str) -> int:
        """Return the number of a term, which is stored if it is new."""
        key = (kind, word)
        found = self._terms.number(key) or self.new.get(key)
        if found is None:
            found = self.new[key] = self._terms.new_number(len(self.new))
        return found

    def tag(self, kind: Term, word: str, job: int) -> int:
        """Let a job be found by a term, and return the term's number."""
        term = self.term(kind, word)
        self._tags.append((term, job))
        self._counts[term] += 1
        return term

    def remove(self, term: int, job: int) -> None:
        """Let a job be found by a term no more."""
        self._removed.append((term, job))
        self._counts[term] -= 1

    def ended(self, status: int, by: int) -> None:
        """Count a job that is over, or is so no more."""
        self._counts[self.term(Term.END, str(status))] += by

    def statements(self) -> Iterator[Statement]:
        """Yield what is to be executed."""
        # The driver takes plain integers only without a search.
        rows = [(number, +key[0], key[1], _folded(key)) for key, number in self.new.items()]
        yield Statement(_TERM, rows)
        yield Statement(_NAME, [(row[0], row[-1]) for row in rows if row[-1]])
        yield Statement(_UNTAG, self._removed)
        yield Statement(_TAG, self._tags)
        yield Statement(_COUNT, [(by, term) for term, by in self._counts.items() if by])


def _folded(key: Key) -> str | None:
    kind, word = key
    return word.casefold() if kind == Term.NAME else None


_TERM: Final = "INSERT INTO terms (id, kind, word, folded, jobs) VALUES (?, ?, ?, ?, 0)"
_NAME: Final = "INSERT INTO name_parts (rowid, folded) VALUES (?, ?)"
_UNTAG: Final = "DELETE FROM tags WHERE term = ? AND number = ?"
_TAG: Final = "INSERT INTO tags (term, number) VALUES (?, ?)"
_COUNT: Final = "UPDATE terms SET jobs = jobs + ? WHERE id = ?"
