"""The queue's rules, done slowly: every decision looks at everything."""

from dataclasses import dataclass, field

from stationd.runtime.queue.entry import AGEING, Entry
from stationd.runtime.queue.gates import Gate, Reservation
from stationd.runtime.queue.lines import OVERTAKES
from stationd.runtime.queue.ranked import Order
from stationd.runtime.queue.shares import Shares


@dataclass
class Ticket:
    """A ticket that is out."""

    entry: Entry
    began: bool = False
    returning: bool = False


@dataclass
class Naive:
    """Does what the rules say."""

    shares: Shares
    waiting: dict[int, Entry] = field(default_factory=dict[int, Entry])
    out: dict[int, Ticket] = field(default_factory=dict[int, Ticket])
    depths: dict[str, int] = field(default_factory=dict[str, int])
    gates: dict[str, Gate] = field(default_factory=dict[str, Gate])
    reservations: dict[str, Reservation] = field(default_factory=dict[str, Reservation])
    holds: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Controllers, and guards that hold them."""

    def line(self, controller: str) -> list[Ticket]:
        return [ticket for ticket in self.out.values() if controller in ticket.entry.claims]

    def closed(self, entry: Entry, now: float) -> bool:
        paused = any(
            name in entry.claims and gate.state == "paused" for name, gate in self.gates.items()
        )
        reserved = any(
            one.controller in entry.claims
            and one.project != entry.project
            and one.from_unix_s <= now < one.to_unix_s
            for one in self.reservations.values()
        )
        guarded = any(controller in entry.claims for controller, _ in self.holds)
        return paused or reserved or guarded

    def effective(self, entry: Entry) -> Order:
        order = entry.order(AGEING)
        return (order[0] + self.shares.back(entry.share), *order[1:])

    def able(self, now: float) -> list[Entry]:
        """Return what could begin, the most urgent first."""
        able = [
            entry
            for entry in self.waiting.values()
            if not entry.held
            and (entry.not_before is None or entry.not_before <= now)
            and not self.closed(entry, now)
        ]
        return sorted(able, key=self.effective)

    def decide(self, now: float) -> tuple[list[int], set[int]]:
        """Return who goes and whose tickets are to be taken back."""
        before = {number for number, ticket in self.out.items() if ticket.returning}
        for ticket in self.out.values():
            if self.closed(ticket.entry, now) and not ticket.began:
                ticket.returning = True
        granted: list[int] = []
        blocked: set[str] = set()
        for entry in self.able(now):
            if blocked.isdisjoint(entry.claims) and self.goes(entry):
                del self.waiting[entry.number]
                self.out[entry.number] = Ticket(entry)
                granted.append(entry.number)
            else:
                blocked.update(entry.claims)
        after = {number for number, ticket in self.out.items() if ticket.returning}
        return granted, after - before

    def goes(self, entry: Entry) -> bool:
        free = True
        for name in entry.claims:
            depth, line = self.depths.get(name, 0), self.line(name)
            for ticket in line:
                if depth and not ticket.began and self.overtakes(entry, ticket.entry):
                    ticket.returning = True
                    free = False
            if len(entry.claims) > 1:
                free = free and depth > 0 and not line
            else:
                alone = all(len(ticket.entry.claims) == 1 for ticket in line)
                free = free and alone and len(line) < depth
        return free

    def overtakes(self, entry: Entry, other: Entry) -> bool:
        """Whether a job that waits is to go before one in line: by its place, and with shares."""
        mine, its = entry.order(AGEING), other.order(AGEING)
        clearly = entry.place is not None or its > (mine[0] + OVERTAKES, *mine[1:])
        return mine < its and clearly and self.effective(entry) < self.effective(other)
