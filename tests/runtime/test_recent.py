"""The newest pages are found by where they begin, and the oldest go first."""

from stationd.runtime.recent import Page, Recent


def page(first: int, last: int, size: int = 10) -> Page:
    return Page(last, last - first + 1, bytes(size))


def test_a_page_is_found_by_the_number_before_it() -> None:
    recent = Recent()
    recent.add(0, page(1, 3))
    recent.add(3, page(4, 4))
    assert recent.after(0) == page(1, 3)
    assert recent.after(3) == page(4, 4)
    assert recent.after(1) is None
    assert recent.after(4) is None


def test_whoever_stands_within_a_page_is_told_where_the_next_one_begins() -> None:
    recent = Recent()
    assert recent.next_start(0) is None
    assert recent.first_start(7) == 7
    recent.add(2, page(3, 5))
    recent.add(5, page(6, 9))
    assert [recent.next_start(seq) for seq in (0, 1, 2, 4, 5)] == [2, 2, 5, 5, None]
    assert recent.first_start(7) == 2


def test_the_oldest_pages_go_when_there_are_too_many_bytes_and_the_newest_stays() -> None:
    recent = Recent(most_bytes=25)
    for start in range(4):
        recent.add(start, page(start + 1, start + 1))
    assert [recent.after(start) is not None for start in range(4)] == [False, False, True, True]
    recent.add(4, page(5, 5, size=1000))
    assert [recent.after(start) is not None for start in range(5)] == [False] * 4 + [True]
