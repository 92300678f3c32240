"""Results hold what was measured, where it was measured, however the data came."""

import hashlib
import itertools
import resource
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from stationd.actors.stages import post_process as post_process_module
from stationd.actors.stages import spots
from stationd.actors.stages.inline import INLINE_BYTES, fits_inline
from stationd.actors.stages.post_process import post_process
from stationd.actors.stages.raw_data import RawBlock
from stationd.actors.stages.requests import (
    BitLayout,
    ItemOutcome,
    PostProcessRequest,
    bit_layouts,
)
from stationd.actors.stages.works import compile_sweep
from stationd.proto.error import ErrorCode, StorageTrouble
from stationd.proto.instruments_protocol import Data
from stationd.proto.job import JobId, Ticket
from stationd.proto.program import (
    Axis,
    Capabilities,
    Circuits,
    CircuitsWork,
    CircuitWork,
    Compile,
    JobWork,
    NativeCircuit,
    NullProgram,
    OpenQasm,
    Readout,
    Setting,
    Sweep,
)
from stationd.proto.result import (
    Array,
    CompiledResult,
    NullResult,
    ShotsResult,
    SweepResult,
    decode_result,
)

JOB = JobId("00000000-0000-4000-8000-000000000001")
PROGRAM = OpenQasm(source="")


def block(
    values: ArrayLike, offset: int = 0, item: int = 0, name: str = "bits", controller: str = "qpu"
) -> RawBlock:
    array = np.asarray(values)
    header = Data(Ticket(1, JOB, 1), 0, name, item, offset, array.dtype.str, array.shape)
    return RawBlock(controller, header, array.tobytes())


def request(
    work: JobWork,
    *blocks: RawBlock,
    items: tuple[int, ...] | None = None,
    bits: dict[int, BitLayout] | None = None,
    compiled: dict[int, CompiledResult] | None = None,
    offers: dict[str, Capabilities] | None = None,
    metadata: dict[str, str] | None = None,
    artifacts: str = "/nowhere",
    partial: bool = False,
) -> PostProcessRequest:
    every = 1 if isinstance(work, Sweep) else len(work.programs)
    return PostProcessRequest(
        job=JOB,
        attempt=1,
        work=work,
        items=tuple(range(every)) if items is None else items,
        blocks=blocks,
        bits=bits or {},
        compiled=compiled or {},
        offers=offers or {},
        artifacts=artifacts,
        partial=partial,
        metadata=metadata or {},
    )


def only(outcomes: list[ItemOutcome]) -> ItemOutcome:
    (outcome,) = outcomes
    return outcome


def array(values: Array) -> NDArray[np.generic]:
    return np.frombuffer(values.data, values.dtype).reshape(values.shape)


# --- circuits --------------------------------------------------------------------------------


def shots_of(outcome: ItemOutcome) -> ShotsResult:
    assert outcome.data is not None, outcome.error
    result = decode_result(outcome.data)
    assert isinstance(result, ShotsResult)
    return result


def two_bits(shots: int) -> tuple[Circuits, dict[int, BitLayout]]:
    layout = BitLayout(n_bits=2, bit_names=("c[0]", "c[1]"))
    return Circuits(programs=(PROGRAM,), n_shots=(shots,)), {0: layout}


def test_shots_are_counted_with_bit_0_on_the_left() -> None:
    work, bits = two_bits(3)
    work = msgspec.structs.replace(
        work, programs=(msgspec.structs.replace(PROGRAM, binding={"theta": 0.5}),)
    )
    outcome = only(
        post_process(
            request(
                work,
                block(np.array([[1, 0], [0, 0], [1, 0]], np.uint8)),
                bits=bits,
                metadata={"target": "qpu"},
            )
        )
    )
    result = shots_of(outcome)
    assert result.counts == {"00": 1, "10": 2}
    assert result.bit_names == ("c[0]", "c[1]")
    assert result.metadata == {"target": "qpu", "binding": '{"theta":0.5}'}
    assert array(result.bits).tolist() == [[0b1000_0000], [0], [0b1000_0000]]
    assert not outcome.partial
    assert outcome.result is not None
    assert outcome.result.id == f"{JOB}/1/0"
    assert outcome.result.sha256 == hashlib.sha256(outcome.data or b"").hexdigest()


@given(st.integers(1, 40), st.integers(1, 20), st.data())
@settings(max_examples=60, deadline=None)
def test_bits_survive_blocks_in_any_order_and_twice(
    shots: int, n_bits: int, data: st.DataObject
) -> None:
    cells = st.lists(st.integers(0, 1), min_size=shots * n_bits, max_size=shots * n_bits)
    bits = np.array(data.draw(cells), np.uint8).reshape(shots, n_bits)
    size = data.draw(st.integers(1, shots))
    blocks = [block(bits[start : start + size], start) for start in range(0, shots, size)]
    blocks = data.draw(st.permutations([*blocks, blocks[0]]))
    work = Circuits(programs=(PROGRAM,), n_shots=(shots,))
    made = request(work, *blocks, bits={0: BitLayout(n_bits=n_bits)})
    result = shots_of(only(post_process(made)))
    packed = array(result.bits).astype(np.uint8)
    assert np.array_equal(np.unpackbits(packed, axis=1, count=n_bits), bits)
    assert sum(result.counts.values()) == shots
    words = ["".join(map(str, row)) for row in bits.tolist()]
    assert result.counts == {word: words.count(word) for word in set(words)}


def test_missing_shots_are_an_error_unless_the_job_was_cut_short() -> None:
    work, bits = two_bits(5)
    some = block(np.array([[1, 1], [0, 0]], np.uint8), offset=2)
    failed = only(post_process(request(work, some, bits=bits)))
    assert failed.error is not None
    assert failed.error.code is ErrorCode.POST_PROCESSING_FAILED
    assert failed.error.detail == "data is missing: 2 of 5 shots have arrived"
    cut = only(post_process(request(work, some, bits=bits, partial=True)))
    assert cut.partial
    result = shots_of(cut)
    assert (result.shots, result.counts) == (5, {"00": 1, "11": 1})


def test_an_item_that_was_not_begun_has_no_result_and_leaves_a_complete_one_complete() -> None:
    work = Circuits(programs=(PROGRAM, PROGRAM), n_shots=(1, 1))
    layouts = {0: BitLayout(n_bits=1), 1: BitLayout(n_bits=1)}
    made = request(work, block(np.ones((1, 1), np.uint8)), bits=layouts, partial=True)
    assert [(one.index, one.partial) for one in post_process(made)] == [(0, False)]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (block(np.zeros((1, 3), np.uint8)), "has the shape (1, 3)"),
        (block(np.zeros((1, 2), np.float64)), "the type <f8"),
        (block(np.zeros(2, np.uint8)), "has the shape (2,)"),
        (block(np.zeros((1, 2), np.uint8), offset=5), "reaches to 6, and only 5 were asked for"),
        (
            RawBlock("qpu", Data(Ticket(1, JOB, 1), 3, "bits", 0, 0, "|O", (1, 2)), b"x" * 16),
            "block 3 ('bits') of 'qpu' is of the unknown type '|O'",
        ),
        (
            RawBlock("qpu", Data(Ticket(1, JOB, 1), 0, "bits", 0, 0, "zz", (1,)), b""),
            "unknown type 'zz'",
        ),
        (
            RawBlock("qpu", Data(Ticket(1, JOB, 1), 0, "bits", 0, 0, "|u1", (9, 2)), b"xx"),
            "has 2 bytes, which are not (9, 2) of |u1",
        ),
        (
            RawBlock("qpu", Data(Ticket(1, JOB, 1), 0, "bits", 0, -1, "|u1", (1, 2)), b"xx"),
            "which are not",
        ),
    ],
)
def test_a_block_that_does_not_fit_is_the_items_error(bad: RawBlock, said: str) -> None:
    work, bits = two_bits(5)
    outcome = only(post_process(request(work, bad, bits=bits)))
    assert said in str(outcome.error)
    assert outcome.result is None


def test_only_the_items_asked_for_are_built() -> None:
    work = Circuits(programs=(NullProgram(),) * 4, n_shots=(1,) * 4)
    assert [one.index for one in post_process(request(work, items=(3, 1)))] == [3, 1]


def test_an_item_without_a_circuit_or_that_does_not_exist_is_an_error() -> None:
    work, _ = two_bits(1)
    first, second = post_process(request(work, items=(0, 7)))
    assert "was not compiled" in str(first.error)
    assert str(second.error) == "the job has no item 7"


def test_null_programs_are_executed_and_that_is_all() -> None:
    work = Circuits(programs=(NullProgram(duration=0.5),), n_shots=(1,))
    outcome = only(post_process(request(work)))
    assert outcome.data is not None
    assert decode_result(outcome.data) == NullResult(duration=0.5)


def test_a_compiled_circuit_is_its_own_result() -> None:
    native = NativeCircuit(instructions=(), n_bits=0)
    made = CompiledResult(native=native, openqasm="OPENQASM 3.0;", depth=0, two_qubit_gates=0)
    outcome = only(post_process(request(Compile(programs=(PROGRAM,)), compiled={0: made})))
    assert outcome.data is not None
    assert decode_result(outcome.data) == made


def test_layouts_are_those_of_the_work() -> None:
    native = NativeCircuit(instructions=(), n_bits=2, bit_names=("c[0]", "c[1]"))
    work = CircuitsWork(circuits=(CircuitWork(item=3, circuit=native, shots=1),))
    assert bit_layouts(work) == {3: BitLayout(n_bits=2, bit_names=("c[0]", "c[1]"))}


# --- sweeps ----------------------------------------------------------------------------------

OFFERS = {
    "a": Capabilities(settings=(Setting(name="s0", unit="V"),)),
    "c": Capabilities(
        readouts=(Readout(name="r", unit="rad"), Readout(name="t", dtype="<c16", shape=(2,)))
    ),
}


def swept(outcome: ItemOutcome) -> SweepResult:
    assert outcome.data is not None, outcome.error
    result = decode_result(outcome.data)
    assert isinstance(result, SweepResult)
    return result


@given(st.lists(st.integers(1, 4), max_size=3), st.data())
@settings(max_examples=60, deadline=None)
def test_every_reading_is_at_the_index_of_its_settings(
    lengths: list[int], data: st.DataObject
) -> None:
    axes = tuple(
        (Axis(f"a.s{group}", tuple(float(10 ** (2 * group) * n) for n in range(length))),)
        for group, length in enumerate(lengths)
    )
    sweep = Sweep(axes=axes, returns=("c.r",))
    work = compile_sweep(sweep)
    moves = work["a"].moves if axes else ()

    def reading(spot: int) -> float:
        """Return what an instrument would read that adds up all settings."""
        index = np.unravel_index(spot, sweep.shape) if sweep.shape else ()
        return sum(float(move.values[int(index[move.axis])]) for move in moves)

    blocks = [block([reading(n)], n, name="r", controller="c") for n in range(sweep.spots)]
    result = swept(only(post_process(request(sweep, *data.draw(st.permutations(blocks))))))
    (values,) = result.arrays
    grid = np.zeros(sweep.shape)
    for group, ((axis,), length) in enumerate(zip(axes, lengths, strict=True)):
        shape = [1] * len(lengths)
        shape[group] = length
        grid = grid + np.array(axis.values).reshape(shape)
    assert np.array_equal(array(values), grid)
    assert result.spots_done == sweep.spots
    assert [(one.setting, one.dimension) for one in result.axes] == [
        (f"a.s{group}", group) for group in range(len(lengths))
    ]


def test_units_and_shapes_are_the_declared_ones() -> None:
    sweep = Sweep(axes=((Axis("a.s0", (1.0, 2.0)),),), returns=("c.r", "c.t"))
    made = request(sweep, block([1.5], 1, name="r", controller="c"), offers=OFFERS, partial=True)
    outcome = only(post_process(made))
    result = swept(outcome)
    scalar, trace = result.arrays
    assert (scalar.name, scalar.unit, result.axes[0].unit) == ("c.r", "rad", "V")
    assert np.array_equal(array(scalar), [np.nan, 1.5], equal_nan=True)
    assert (trace.dtype, trace.shape) == ("<c16", (2, 2))
    assert np.isnan(array(trace)).all()
    assert outcome.partial
    assert result.spots_done == 0


def test_zipped_settings_share_a_dimension() -> None:
    sweep = Sweep(axes=((Axis("a.s0", (1, 2)), Axis("a.s1", (3, 4))),), returns=("c.r",))
    blocks = [block([n], n, name="r", controller="c") for n in (0, 1)]
    result = swept(only(post_process(request(sweep, *blocks))))
    assert [one.dimension for one in result.axes] == [0, 0]
    assert (result.arrays[0].dtype, result.arrays[0].shape) == ("<i8", (2,))


def test_integers_with_gaps_become_numbers_that_can_be_nan() -> None:
    sweep = Sweep(axes=((Axis("a.s0", (1, 2)),),), returns=("c.r",))
    made = request(sweep, block([7], 0, name="r", controller="c"), partial=True)
    (values,) = swept(only(post_process(made))).arrays
    assert np.array_equal(array(values), [7.0, np.nan], equal_nan=True)


def test_missing_spots_are_an_error_unless_the_job_was_cut_short() -> None:
    sweep = Sweep(axes=((Axis("a.s0", (1, 2)),),), returns=("c.r",))
    outcome = only(post_process(request(sweep, block([7], 0, name="r", controller="c"))))
    assert str(outcome.error) == "data is missing: 1 of 2 spots have arrived"


def test_readings_that_change_their_shape_or_type_are_an_error() -> None:
    sweep = Sweep(axes=((Axis("a.s0", (1, 2)),),), returns=("c.r",))
    first = block([1.0], 0, name="r", controller="c")
    wide = block([[1.0, 2.0]], 1, name="r", controller="c")
    text = block(np.array([b"x"]), 1, name="r", controller="c")
    assert "the shape of c.r changed" in str(only(post_process(request(sweep, first, wide))).error)
    assert "text to numbers" in str(only(post_process(request(sweep, first, text))).error)


@pytest.mark.parametrize(
    ("dtype", "most", "found"),
    [("<i2", 40, "<f8"), ("<i2", 39, "<f4"), ("|b1", 39, "<f2"), ("<i8", 40, "<f8")],
)
def test_integers_with_gaps_take_what_room_there_is(
    monkeypatch: pytest.MonkeyPatch, dtype: str, most: int, found: str
) -> None:
    monkeypatch.setattr(spots, "MOST_RESULT_BYTES", most)
    sweep = Sweep(axes=((Axis("a.s0", (1, 2, 3, 4, 5)),),), returns=("c.r",))
    data = block(np.array([1, 0], dtype), 1, name="r", controller="c")
    (values,) = swept(only(post_process(request(sweep, data, partial=True)))).arrays
    assert values.dtype == found
    gap = np.nan
    assert np.array_equal(array(values), [gap, 1, 0, gap, gap], equal_nan=True)


def test_more_than_was_declared_is_refused_if_it_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spots, "MOST_RESULT_BYTES", 31)
    sweep = Sweep(axes=((Axis("a.s0", (1, 2)),),), returns=("c.r",))
    data = block(np.zeros((2, 2)), name="r", controller="c")
    outcome = only(post_process(request(sweep, data, offers=OFFERS)))
    assert "take 32 bytes, at most 31 are stored" in str(outcome.error)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_it_does_not_matter_how_readings_are_cut_and_whether_the_result_is_a_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    spots_asked = data.draw(st.integers(1, 30))
    readings = {
        "r": np.arange(spots_asked, dtype=np.int16),
        "t": np.arange(3.0 * spots_asked).reshape(spots_asked, 3) + 1j,
    }
    blocks: list[RawBlock] = []
    for name, values in readings.items():
        cuts = sorted(data.draw(st.sets(st.integers(0, spots_asked))) | {0, spots_asked})
        for begin, end in itertools.pairwise(cuts):
            # Now and then nothing, or the same twice.
            times = data.draw(st.sampled_from([0, 1, 1, 1, 2]))
            one = block(values[begin:end], begin, name=name, controller="c")
            blocks += [one] * times
            if not times:
                readings[name] = readings[name].astype(np.result_type(values, np.float64))
                readings[name][begin:end] = np.nan
    axis = Axis("a.s0", tuple(range(spots_asked)))
    sweep = Sweep(axes=((axis,),), returns=("c.r", "c.t"))
    declared = (Readout(name="r", dtype="<i2"), Readout(name="t", dtype="<c16", shape=(3,)))
    offers = {"c": Capabilities(readouts=declared)}
    folder = tmp_path_factory.mktemp("store")
    made = request(
        sweep,
        *data.draw(st.permutations(blocks)),
        offers=offers,
        partial=True,
        artifacts=str(folder),
    )
    inline = only(post_process(made))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(post_process_module, "INLINE_BYTES", 0)
        patched.setattr(spots, "_STRIP_BYTES", data.draw(st.sampled_from([16, 100, 10_000])))
        filed = only(post_process(made))
    assert inline.data == (folder / JOB / "1-0").read_bytes()
    assert filed == msgspec.structs.replace(inline, data=None)
    for found, expected in zip(swept(inline).arrays, readings.values(), strict=True):
        assert np.array_equal(array(found), expected, equal_nan=True)
        assert found.dtype == expected.dtype.str


# --- where results go ------------------------------------------------------------------------


def large(tmp_path: Path) -> PostProcessRequest:
    sweep = Sweep(axes=((Axis("a.s0", tuple(map(float, range(10_000)))),),), returns=("c.r",))
    data = block(np.arange(10_000.0), name="r", controller="c")
    return request(sweep, data, artifacts=str(tmp_path / "artifacts"))


def test_a_large_result_is_a_file(tmp_path: Path) -> None:
    outcome = only(post_process(large(tmp_path)))
    assert outcome.data is None
    assert outcome.result is not None
    (file,) = (tmp_path / "artifacts" / JOB).iterdir()
    assert file.name == "1-0"
    content = file.read_bytes()
    assert len(content) == outcome.result.size_bytes > INLINE_BYTES
    assert hashlib.sha256(content).hexdigest() == outcome.result.sha256


def test_doing_it_again_gives_the_same(tmp_path: Path) -> None:
    assert post_process(large(tmp_path)) == post_process(large(tmp_path))
    assert len(list((tmp_path / "artifacts" / JOB).iterdir())) == 1


def test_a_disk_that_fails_is_the_items_error(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("in the way")
    outcome = only(post_process(large(tmp_path)))
    assert "the result could not be stored" in str(outcome.error)


def test_a_disk_that_takes_no_more_is_not_the_items_fault(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(StorageTrouble, match="a result cannot be stored"):
            post_process(large(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert only(post_process(large(tmp_path))).error is None


def test_a_job_id_that_is_a_path_is_refused(tmp_path: Path) -> None:
    work = Circuits(programs=(NullProgram(),), n_shots=(1,))
    made = PostProcessRequest(
        job="../../etc", attempt=1, work=work, items=(0,), artifacts=str(tmp_path)
    )
    assert "no result has the id" in str(only(post_process(made)).error)


def test_small_work_fits_inline_and_large_does_not(tmp_path: Path) -> None:
    work, bits = two_bits(1000)
    assert fits_inline(request(work, block(np.zeros((1000, 2), np.uint8)), bits=bits))
    assert not fits_inline(large(tmp_path))
    many, _ = two_bits(100_000)
    assert not fits_inline(request(many, bits=bits))
    nulls = Circuits(programs=(NullProgram(),) * 100, n_shots=(1,) * 100)
    assert not fits_inline(request(nulls))
    assert fits_inline(request(nulls, items=(5,)))
    assert not fits_inline(request(nulls, items=(5,), metadata={"long": "x" * 70_000}))
    native = NativeCircuit(instructions=(), n_bits=0)
    text = CompiledResult(native=native, openqasm="x" * 70_000, depth=0, two_qubit_gates=0)
    assert not fits_inline(request(Compile(programs=(PROGRAM,)), compiled={0: text}))


@given(st.integers(1, 3000), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_what_fits_inline_never_writes(shots: int, n_bits: int) -> None:
    outcomes = np.random.default_rng(shots).integers(0, 2, (shots, n_bits), np.uint8)
    work = Circuits(programs=(PROGRAM,), n_shots=(shots,))
    made = request(
        work,
        block(outcomes),
        bits={0: BitLayout(n_bits=n_bits, bit_names=tuple(f"c[{n}]" for n in range(n_bits)))},
    )
    if fits_inline(made):
        # It would fail: its directory cannot be made.
        assert only(post_process(made)).data is not None
