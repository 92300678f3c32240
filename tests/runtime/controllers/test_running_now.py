"""What runs is noted once, and again when it is something else."""

from stationd.runtime.clock import SystemClock
from stationd.runtime.controllers.running_now import DAEMON, RunningNow
from stationd.runtime.journal.memory import MemoryJournal


def test_only_what_is_new_is_noted() -> None:
    journal = MemoryJournal(manual=True)
    now = RunningNow(journal, SystemClock())
    now.note(DAEMON, {"b": "1", "a": "1"})
    now.note(DAEMON, {"a": "1", "b": "1"})
    now.note("qpu", {"a": "1"})
    now.note("qpu", {})
    now.note("qpu", {"a": "2"})
    written = journal._contents.versions if journal.commit() else {}  # pyright: ignore[reportPrivateUsage]
    assert {name: [one.versions for one in seen] for name, seen in written.items()} == {
        "": [{"a": "1", "b": "1"}],
        "qpu": [{"a": "1"}, {"a": "2"}],
    }
