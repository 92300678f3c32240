"""Every key of a TOML file is found in its line."""

import tomllib

from stationd.runtime.settings.lines import lines_of

TEXT = '''# a comment
[station]
name = "lab" # [not.a.table]
state = """
[not.a.table]
x = 1
"""

[api]
endpoints = [
  "ipc:///a", # one
  "ipc:///b",
]

[controllers."a.b".options]
cable = '/x'
deep = { one = 1, two.three = 2 }
dotted.key = 3
[[keys]]
name = "ann"
[[keys]]
name = "bob"
'''


def test_keys_and_tables_stand_in_the_lines_that_say_them_first() -> None:
    assert lines_of(TEXT) == {
        ("station",): 2,
        ("station", "name"): 3,
        ("station", "state"): 4,
        ("api",): 9,
        ("api", "endpoints"): 10,
        ("controllers",): 15,
        ("controllers", "a.b"): 15,
        ("controllers", "a.b", "options"): 15,
        ("controllers", "a.b", "options", "cable"): 16,
        ("controllers", "a.b", "options", "deep"): 17,
        ("controllers", "a.b", "options", "deep", "one"): 17,
        ("controllers", "a.b", "options", "deep", "two"): 17,
        ("controllers", "a.b", "options", "deep", "two", "three"): 17,
        ("controllers", "a.b", "options", "dotted"): 18,
        ("controllers", "a.b", "options", "dotted", "key"): 18,
        ("keys",): 19,
        ("keys", "name"): 20,
    }


def test_lines_that_end_as_on_other_systems_are_counted_alike() -> None:
    assert lines_of(TEXT.replace("\n", "\r\n")) == lines_of(TEXT)


def test_a_long_list_is_read_once_and_not_line_by_line() -> None:
    rows = [f"  {number}," for number in range(20_000)]
    text = "\n".join(["long = [", *rows, "]", "next = 1"])
    assert tomllib.loads(text)["next"] == 1
    assert lines_of(text) == {("long",): 1, ("next",): 20_003}
