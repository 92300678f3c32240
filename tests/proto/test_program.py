"""What jobs ask for, and what controllers are sent."""

import msgspec
import pytest

from stationd.proto.program import (
    Axis,
    Circuits,
    Instruction,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    OpenQasm,
    Qpy,
    Sweep,
    SweepWork,
    program_bytes,
)

DELAYS = Axis("source.delay", (0.0, 0.5, 1.0))
PHASES = Axis("source.phase", (0, 1, 2))
POWERS = Axis("lo.power", (-10, 0))
READS = ("adc.trace",)


@pytest.mark.parametrize(
    ("axes", "shape", "spots"),
    [
        ((), (), 1),
        (((DELAYS,),), (3,), 3),
        (((DELAYS, PHASES),), (3,), 3),
        (((POWERS,), (DELAYS, PHASES)), (2, 3), 6),
        (((Axis("lo.power", ()),), (DELAYS,)), (0, 3), 0),
        (((),), (1,), 1),
    ],
)
def test_groups_make_a_product_and_what_is_in_a_group_moves_together(
    axes: tuple[tuple[Axis, ...], ...], shape: tuple[int, ...], spots: int
) -> None:
    sweep = Sweep(axes=axes, returns=READS)
    assert sweep.shape == shape
    assert sweep.spots == spots


def test_a_sweep_names_its_parameters_once_in_order_of_mention() -> None:
    sweep = Sweep(
        settings={"lo.on": True, "source.delay": 0.0},
        axes=((POWERS,), (DELAYS, PHASES)),
        returns=("adc.trace", "lo.power"),
    )
    assert sweep.parameters() == [
        "lo.on",
        "source.delay",
        "lo.power",
        "source.phase",
        "adc.trace",
    ]
    assert sweep.controllers() == ["lo", "source", "adc"]


def test_only_the_first_dot_parts_controller_and_setting() -> None:
    assert Sweep(returns=("adc.channel.1.trace",)).controllers() == ["adc"]
    assert Sweep(returns=("undotted",)).controllers() == ["undotted"]


def test_the_spots_of_a_controllers_part_are_those_of_the_whole() -> None:
    assert SweepWork(shape=(2, 3)).spots == 6
    assert SweepWork().spots == 1


def test_a_setting_keeps_its_type_on_the_way() -> None:
    values = (True, 1, 1.0, "1")
    sweep = Sweep(axes=((Axis("a.b", values),),), returns=READS)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(sweep), type=Sweep)
    assert [type(value) for value in again.axes[0][0].values] == [bool, int, float, str]


def test_sweeps_do_not_share_their_settings() -> None:
    assert Sweep(returns=READS).settings is not Sweep(returns=READS).settings


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"programs": [{"type": "null", "duration": -1}]}, ">= 0.0"),
        ({"programs": [{"type": "null", "duration": float("nan")}]}, ">= 0.0"),
        ({"programs": [{"type": "null", "duration": 86_401}]}, "<= 86400.0"),
        ({"programs": [{"type": "openqasm"}]}, "missing required field `source`"),
        ({"programs": [{"type": "null"}] * 1001}, "length <= 1000"),
        ({"programs": [{"type": "null"}], "optimisation_level": 4}, "<= 3"),
        ({"programs": [{"type": "null"}], "seed": -1}, ">= 0"),
    ],
)
def test_programs_from_outside_are_checked(raw: dict[str, object], reason: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=reason):
        msgspec.convert({"n_shots": [1], **raw}, Circuits)


def test_a_program_that_does_nothing_needs_no_words() -> None:
    assert msgspec.convert({"type": "null"}, NullProgram) == NullProgram(duration=0.0, name="")


def test_the_size_of_a_program_is_about_what_it_takes_on_the_wire() -> None:
    instructions = (Instruction("prx", ("QB1",), (0.5, 0.25)),) * 100
    programs = (
        OpenQasm(source="x" * 1000, binding={"theta": 0.5}),
        Qpy(data=bytes(1000)),
        NativeProgram(circuit=NativeCircuit(instructions=instructions, n_bits=0)),
    )
    for program in programs:
        size = len(msgspec.msgpack.encode(program))
        assert size / 2 < program_bytes(program) < 2 * size
    assert program_bytes(NullProgram()) == 0
