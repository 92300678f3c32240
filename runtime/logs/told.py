"""Lines of the daemon's log that belong to jobs, on their way into the jobs' stories."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stationd.actors.about import NOTHING
from stationd.actors.controller.job_lines import job_line
from stationd.actors.log_line import line_of
from stationd.runtime.logs.ends import LOGGER as ENDS
from stationd.runtime.logs.formats import DAEMON

if TYPE_CHECKING:
    from stationd.runtime.logs.story import Story


class Told(logging.Handler):
    """Gives lines to the stories of the jobs that they belong to.

    Args:
        story: Keeps them.
    """

    def __init__(self, story: Story) -> None:
        super().__init__(logging.INFO)
        self._story = story

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line, in whichever thread it was logged."""
        if record.name == ENDS:
            # Its timeline tells so already.
            return
        kept = job_line(line_of(record, NOTHING), DAEMON)
        if kept is not None:
            self._story.take(kept)
