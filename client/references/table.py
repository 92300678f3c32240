"""What is handed out as tables: rows for pandas, and HTML for notebooks.

Whoever hands something out says which row it makes; nothing here knows what jobs are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct, structs

from stationd.proto.error import MissingExtra

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, object]


class HasRow(Protocol):
    """Something that can stand in a table."""

    def row(self) -> Row:
        """Return the columns and what stands in them."""
        ...


class Shown(Struct, frozen=True):
    """Something that shows itself as a table of one row, to pandas and to notebooks."""

    @property
    def type(self) -> str:
        """The name of its class, which files give it, too."""
        return self.__class__.__name__

    def row(self) -> Row:
        """Return the columns and what stands in them."""
        return structs.asdict(self)

    def df(self) -> pd.DataFrame:
        """Return a table of one row.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return frame([self.row()])

    def _repr_html_(self) -> str:
        return html([self.row()])


T = TypeVar("T", bound=HasRow)


class Rows(list[T]):
    """A list that can be shown as a table."""

    def df(self) -> pd.DataFrame:
        """Return a table with one row for each; the columns are all that occur.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return frame([each.row() for each in self])

    def _repr_html_(self) -> str:
        return html([each.row() for each in self])


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a pandas table.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise missing("pandas", "tables") from error
    return pd.DataFrame([dict(row) for row in rows])


def missing(library: str, what: str) -> MissingExtra:
    """Return the error, not raised, that says how to get a library."""
    return MissingExtra(f"{what} need {library}: pip install 'stationd[data]'")


def html(rows: Iterable[Row]) -> str:
    """Return rows as a table of HTML, every text escaped."""
    rows = list(rows)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
