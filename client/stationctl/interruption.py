"""What Ctrl-C does to a command.

Rule. Until the command that was typed has been imported, Ctrl-C ends the process at once. As an
      exception it would come out of whatever is being imported: as a traceback that says nothing
      to anybody, or out of Python's own lock around imports, which then stays locked, so that the
      next thread that imports something waits for ever.
"""

from __future__ import annotations

import os
import signal
from typing import Final

INTERRUPTED: Final = 130


def end_at_once() -> None:
    """Let Ctrl-C end the process from now on."""
    # Whoever has told us to ignore it, such as a shell's `&`, is obeyed.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def be_interruptible() -> None:
    """Let Ctrl-C be an exception from now on: there is something to be left in order."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_: int, __: object) -> None:
    os.write(2, b"interrupted; jobs go on\n")
    os._exit(INTERRUPTED)
