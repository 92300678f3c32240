"""Text from outside cannot pretend."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from stationd.proto.escaping import escaped


@given(st.text())
def test_whatever_is_said_is_one_line_that_speaks_to_no_terminal(text: str) -> None:
    said = escaped(text)
    assert len(said.splitlines()) <= 1
    assert not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in said
    )
    said.encode()


def test_writing_that_turns_around_is_shown_as_what_it_is() -> None:
    assert escaped("a\u202egpj.exe") == "a\\u202egpj.exe"


def test_what_is_harmless_stays_as_it_is() -> None:
    assert escaped("T₁ = 50 µs, naïve 量子 \\n") == "T₁ = 50 µs, naïve 量子 \\n"
