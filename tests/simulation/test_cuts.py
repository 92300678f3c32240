from pathlib import Path

import pytest

from tests.simulation.cuts import cut_at_every_sync


@pytest.mark.slow
def test_a_journal_that_is_cut_anywhere_holds_all_that_was_committed(tmp_path: Path) -> None:
    cuts, wrong = cut_at_every_sync(7, tmp_path)
    assert cuts > 100
    assert wrong == []
