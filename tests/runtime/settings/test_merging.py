"""Files laid over one another: tables merge, everything else is replaced, places are kept."""

import tomllib

from stationd.runtime.settings.lines import lines_of
from stationd.runtime.settings.merging import Layer, Merged, merge


def laid(*texts: str) -> Merged:
    """Merge files called a, b, c and so on."""
    return merge(
        Layer(name, tomllib.loads(text), lines_of(text))
        for name, text in zip("abc", texts, strict=False)
    )


def test_tables_merge_key_by_key_and_the_later_file_wins() -> None:
    merged = laid(
        '[station]\nname = "one"\nstate = "/s"\n[queue.weights]\nx = 1\ny = 1\n',
        '[queue.weights]\ny = 2\n[station]\nname = "two"\n',
    )
    assert merged.data == {
        "station": {"name": "two", "state": "/s"},
        "queue": {"weights": {"x": 1, "y": 2}},
    }
    places = {".".join(key): str(source) for key, source in merged.sources.items()}
    assert places == {
        "station": "a:1",
        "station.name": "b:4",
        "station.state": "a:3",
        "queue": "a:4",
        "queue.weights": "a:4",
        "queue.weights.x": "a:5",
        "queue.weights.y": "b:2",
    }


def test_lists_are_replaced_whole() -> None:
    merged = laid('[api]\nendpoints = ["a", "b"]\n', '[api]\nendpoints = ["c"]\n')
    assert merged.data == {"api": {"endpoints": ["c"]}}
    assert str(merged.sources["api", "endpoints"]) == "b:2"


def test_what_replaces_a_table_takes_the_places_of_its_keys_with_it() -> None:
    merged = laid("[workers]\nprocesses = 1\n", "workers = 3\n")
    assert merged.data == {"workers": 3}
    assert list(merged.sources) == [("workers",)]


def test_no_file_is_changed_by_being_merged() -> None:
    below: dict[str, object] = {"station": {"name": "one"}}
    merge([Layer("a", below, {}), Layer("b", {"station": {"name": "two"}}, {})])
    assert below == {"station": {"name": "one"}}


def test_a_place_without_a_line_is_the_file() -> None:
    merged = merge([Layer("a", {"x": 1}, {})])
    assert str(merged.sources["x",]) == "a"
