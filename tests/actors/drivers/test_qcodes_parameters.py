"""What QCoDeS says of a parameter is what jobs are told and held to."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from stationd.actors.drivers.qcodes_parameters import reading, readout, setting, walk
from stationd.proto.program import Readout, Setting

qcodes = pytest.importorskip("qcodes", reason="needs QCoDeS: make instruments has it")
vals = pytest.importorskip("qcodes.validators")
parameters = pytest.importorskip("qcodes.parameters")
mock_instruments = pytest.importorskip("qcodes.instrument_drivers.mock_instruments")


def manual(**options: object) -> object:
    """A parameter that QCoDeS keeps in memory."""
    return parameters.Parameter("p", set_cmd=None, get_cmd=None, label="", **options)


@pytest.mark.parametrize(
    ("validator", "expected"),
    [
        (vals.Numbers(), Setting(name="p")),
        (vals.Numbers(-1, 2.5), Setting(name="p", minimum=-1, maximum=2.5)),
        (vals.Ints(), Setting(name="p", type="int")),
        (vals.Ints(1, 7), Setting(name="p", type="int", minimum=1, maximum=7)),
        (vals.Multiples(3, min_value=3), Setting(name="p", type="int", minimum=3)),
        (vals.Bool(), Setting(name="p", type="bool")),
        (vals.Strings(), Setting(name="p", type="str")),
        (vals.OnOff(), Setting(name="p", type="str", choices=("off", "on"))),
        (vals.Enum("EXT", "INT"), Setting(name="p", type="str", choices=("EXT", "INT"))),
        (vals.Enum(50, 10), Setting(name="p", type="int", choices=(10, 50))),
        (vals.Enum(0.5, 1), Setting(name="p", choices=(0.5, 1.0))),
        (vals.Enum("low", None), Setting(name="p", type="str", choices=("low",))),
        (
            vals.MultiTypeAnd(vals.Numbers(0, 9), vals.PermissiveMultiples(0.5)),
            Setting(name="p", minimum=0, maximum=9),
        ),
        (
            vals.MultiType(vals.Numbers(0, 9), vals.Enum(None)),
            Setting(name="p", minimum=0, maximum=9),
        ),
        # What no job can say, or what would be two kinds at once.
        (vals.MultiType(vals.Numbers(0, 9), vals.Enum("MAX")), None),
        (vals.Arrays(shape=(3,)), None),
        (vals.ComplexNumbers(), None),
        (vals.Dict(), None),
        (vals.Callable(), None),
    ],
    ids=repr,
)
def test_validators_become_types_limits_and_choices(
    validator: object, expected: Setting | None
) -> None:
    assert setting("p", manual(vals=validator)) == expected  # type: ignore[arg-type]


def test_all_validators_hold_together() -> None:
    parameter = parameters.Parameter("p", set_cmd=None, vals=vals.Numbers(-5, 5))
    parameter.add_validator(vals.Ints(0, 9))
    found = setting("p", parameter)
    assert found is not None
    assert (found.type, found.minimum, found.maximum) == ("int", 0, 5)


def test_a_mapping_for_on_and_off_is_a_boolean() -> None:
    mapping = parameters.create_on_off_val_mapping(on_val="1", off_val="0")
    found = setting("p", manual(val_mapping=mapping))  # type: ignore[arg-type]
    assert found == Setting(name="p", type="bool")


def test_without_a_validator_the_value_that_is_known_tells_the_type() -> None:
    for value, kind in ((True, "bool"), ("CW", "str"), (3.0, "float"), (None, "float")):
        parameter = parameters.Parameter("p", set_cmd=None, initial_value=value)
        found = setting("p", parameter)
        assert found is not None
        assert found.type == kind


def test_unit_and_words_are_the_parameters_own() -> None:
    parameter = parameters.Parameter(
        "p", set_cmd=None, unit="V", label="Bias", docstring="Across\n    the sample."
    )
    assert setting("p", parameter) == Setting(name="p", unit="V", doc="Across the sample.")
    parameter = parameters.Parameter("p", set_cmd=None, unit="V", label="Bias")
    assert setting("p", parameter) == Setting(name="p", unit="V", doc="Bias")


def test_what_cannot_be_set_or_read_is_not_offered_as_such() -> None:
    assert setting("p", parameters.Parameter("p", get_cmd=lambda: 1)) is None
    assert readout("p", parameters.Parameter("p", get_cmd=False, set_cmd=print)) is None


def test_shapes_are_known_before_anything_is_read() -> None:
    instrument = mock_instruments.DummyChannelInstrument("shapes")
    try:
        found = {name: readout(name, one) for name, one in walk("m", instrument)}
    finally:
        instrument.close()

    def form(name: str) -> tuple[str, tuple[int, ...]]:
        one = found[f"m.A.{name}"]
        assert one is not None
        return one.dtype, one.shape

    assert form("temperature") == ("<f8", ())
    assert form("dummy_text") == ("<U64", ())
    assert form("dummy_complex") == ("<c16", ())
    assert form("dummy_array_parameter") == ("<f8", (5,))
    assert form("dummy_sp_axis") == ("<f8", (101,))
    assert form("dummy_parameter_with_setpoints_2d") == ("<f8", (101, 101))
    assert form("dummy_parameter_with_setpoints_complex") == ("<c16", (101,))
    assert found["m.A.dummy_multi_parameter"] is None


def test_each_parameter_has_one_name() -> None:
    instrument = mock_instruments.DummyChannelInstrument("names")
    try:
        names = [name for name, _ in walk("m", instrument)]
        del instrument.submodules["A"]
        unnamed = [name for name, _ in walk("m", instrument)]
    finally:
        instrument.close()
    assert "m.A.temperature" in names
    assert not any("channels[" in name for name in names)
    # A channel that has no name of its own goes by its number.
    assert [name for name in unnamed if name.endswith("].temperature")] == [
        "m.channels[0].temperature"
    ]
    assert len(names) == len(unnamed) == len(set(names))


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (3, "<f8", 3.0),
        ("1.5e9", "<f8", 1.5e9),
        ("7", "<i8", 7),
        (1, "|b1", True),
        ("CW", "<U64", "CW"),
        (2.0, "<c16", 2.0 + 0j),
    ],
)
def test_a_reading_becomes_what_was_declared(
    value: ArrayLike, dtype: str, expected: object
) -> None:
    found = reading(value, Readout(name="p", dtype=dtype)).item()
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "declared", "reason"),
    [
        ("ERROR", Readout(name="p"), "'ERROR' is not of the type float64"),
        (5.5, Readout(name="p", dtype="<i8"), "5.5 is not of the type int64"),
        (1j, Readout(name="p"), "1j is not of the type float64"),
        ([1.0, 2.0], Readout(name="p", shape=(3,)), r"shape \(2,\), and \(3,\) when"),
    ],
)
def test_a_reading_that_is_something_else_is_refused(
    value: ArrayLike, declared: Readout, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        reading(value, declared)


def test_an_array_that_turns_out_complex_is_kept() -> None:
    found = reading(np.array([1j, 2j]), Readout(name="p", shape=(2,)))
    assert found.tolist() == [1j, 2j]
