"""What is known of a compiled circuit without fetching it."""

from __future__ import annotations

from stationd.client.references import ItemRef


class CompiledRef(ItemRef, frozen=True, kw_only=True):
    """The facts of a stored compiled circuit, if its reference came from `compiled`."""

    depth: int | None = None
    two_qubit_gates: int | None = None
    duration: float = 0.0
    """Seconds that one run takes, as far as is known."""
    initial_layout: tuple[str, ...] = ()
    """The QPU's qubits that the program's first, second, ... qubit begins on."""
    final_layout: tuple[str, ...] = ()
    """Those that they are on at the end."""
    compiler: str = ""
