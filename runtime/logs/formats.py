"""A line of the log as text for people, and as JSON for machines; pure.

Both are one line, which ends with a newline. But for a traceback in text: its lines are indented,
and whatever begins in the first column is an event.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from stationd.actors.about import fields
from stationd.proto.escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.actors.log_line import Line

DAEMON: Final = "daemon"
"""What a line comes from that no controller's process has written."""
_SOURCE_WIDTH: Final = 8
_STYLES: Final = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_MARGIN: Final = "    | "


def text(line: Line, source: str, *, colour: bool) -> bytes:
    """Return a line in columns: time, level, source, logger, message, and what it is about.

    Args:
        line: The line.
        source: `DAEMON`, or the name of the controller whose process this is.
        colour: Whether a terminal shows it.
    """
    moment = datetime.fromtimestamp(line.time_unix_s).astimezone()
    when = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
    style = _STYLES.get(line.level, "") if colour else ""
    quiet = "2" if colour else ""
    level, whose = f"{line.level:<8}", f"{source:<{_SOURCE_WIDTH}}"
    head = f"{_styled(when, quiet)} {_styled(level, style)} {_styled(whose, quiet)}"
    about = _about(line, source)
    said = f"{_styled(f'{line.logger}:', quiet)} {_styled(line.message, style)}"
    shown = f"{head} {said}{_styled(f'  {about}', quiet) if about else ''}\n"
    return (shown + _trace(line, quiet)).encode("utf-8", "replace")


def json(line: Line, source: str) -> bytes:
    """Return a line as a JSON object; what does not apply is left out.

    Args:
        line: The line.
        source: As for `text`.
    """
    moment = datetime.fromtimestamp(line.time_unix_s, UTC)
    event: dict[str, object] = {
        "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": line.level.lower(),
        "source": source,
        "logger": line.logger,
        "message": line.message,
        **fields(line.about),
    }
    if line.trace:
        event["trace"] = line.trace
    return msgspec.json.encode(event) + b"\n"


def format_of(name: str, source: str, *, colour: bool) -> Callable[[Line], bytes]:
    """Return what turns lines into bytes for stderr.

    Args:
        name: ``text`` or ``json``.
        source: As for `text`.
        colour: Whether a terminal shows it.
    """
    if name == "json":
        return lambda line: json(line, source)
    return lambda line: text(line, source, colour=colour)


def _about(line: Line, source: str) -> str:
    """Return the fields that the message itself does not tell."""
    said = f"{line.message} {source}"
    return " ".join(
        f"{name}={escaped(str(value))}"
        for name, value in fields(line.about).items()
        if not re.search(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", said)
    )


def _trace(line: Line, style: str) -> str:
    if not line.trace:
        return ""
    return "".join(f"{_styled(_MARGIN + row, style)}\n" for row in line.trace.split("\n"))


def _styled(words: str, style: str) -> str:
    return f"\x1b[{style}m{words}\x1b[0m" if style else words
