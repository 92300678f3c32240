"""Keys, their values, and which of them have changed."""

from stationd.runtime.settings import changed, dotted, parse, values
from stationd.runtime.settings.settings import Settings

QPU = {"controllers": {"qpu": {"driver": "null", "options": {"executions": "/x"}}}}


def test_a_name_with_a_dot_stands_in_quotes() -> None:
    assert dotted(("users", "ann.smith", "role")) == 'users."ann.smith".role'


def test_every_key_has_a_value_and_an_empty_table_is_one() -> None:
    found = values(parse(QPU, "x"))
    assert found["station", "name"] == "station"
    assert found["controllers", "qpu", "options", "executions"] == "/x"
    assert found["queue", "weights"] == {}
    assert found["targets",] == {}


def test_what_changed_is_named_key_by_key() -> None:
    five = {"five": {"controller": "qpu"}}
    new = parse({**QPU, "station": {"name": "lab"}, "targets": five}, "x")
    assert [dotted(key) for key in changed(parse(QPU, "x"), new)] == [
        "station.name",
        "targets",
        "targets.five.controller",
    ]
    assert changed(new, new) == []


def test_what_is_gone_has_changed() -> None:
    gone = [dotted(key) for key in changed(parse(QPU, "x"), Settings())]
    assert "controllers.qpu.driver" in gone
