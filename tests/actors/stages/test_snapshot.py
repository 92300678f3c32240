"""How an instrument stood comes into the result, and costs no result whatever it is."""

import msgspec
import numpy as np
import pytest

from stationd.actors.stages import snapshot
from stationd.actors.stages.inline import fits_inline
from stationd.actors.stages.post_process import post_process
from stationd.actors.stages.raw_data import RawBlock
from stationd.actors.stages.requests import BitLayout, PostProcessRequest
from stationd.actors.stages.snapshot import SETTINGS, SNAPSHOT, encoded
from stationd.client.results.outcome import CircuitResult, SweepData, read_outcome
from stationd.proto.instruments_protocol import Data
from stationd.proto.job import JobId, Ticket
from stationd.proto.program import Capabilities, Circuits, OpenQasm, Readout, Sweep
from tests.actors.stages.test_post_process import block

JOB = JobId("00000000-0000-4000-8000-000000000001")
OFFERS = {"lab": Capabilities(readouts=(Readout(name="p"),))}


def raw(data: bytes, controller: str = "lab", index: int = 0) -> RawBlock:
    header = Data(Ticket(1, JOB, 1), index, SNAPSHOT, 0, 0, "|u1", (1, len(data)))
    return RawBlock(controller, header, data)


def swept(*blocks: RawBlock, sweep: Sweep | None = None) -> SweepData:
    request = PostProcessRequest(
        job=JOB,
        attempt=1,
        work=sweep or Sweep(returns=("lab.p",)),
        items=(0,),
        blocks=(block([1.5], name="p", controller="lab"), *blocks),
        offers=OFFERS,
        artifacts="/nowhere",
    )
    (outcome,) = post_process(request)
    assert outcome.data is not None, outcome.error
    result = read_outcome(outcome.data)
    assert isinstance(result, SweepData)
    return result


def test_the_settings_of_all_controllers_are_in_the_result() -> None:
    of_lab = encoded({"x": 1.5, "mode": "cw", "on": True, "unknown": None})
    result = swept(raw(of_lab.tobytes()), raw(b'{"n":3}', "awg"))
    assert result.settings == {
        "lab.x": 1.5,
        "lab.mode": "cw",
        "lab.on": True,
        "lab.unknown": None,
        "awg.n": 3,
    }
    assert msgspec.json.decode(result.metadata[SETTINGS])["awg"] == {"n": 3}
    assert result["lab.p"].tolist() == 1.5
    assert list(result.arrays) == ["lab.p"]


def test_a_sweep_of_settings_alone_has_them_too() -> None:
    sweep = Sweep(settings={"lab.x": 1.5})
    assert swept(raw(b'{"x":1.5}'), sweep=sweep).settings == {"lab.x": 1.5}


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'{"x":{"y":1}}', b"[" * 100_000, b"\xff"])
def test_what_is_no_snapshot_is_left_out(data: bytes) -> None:
    assert swept(raw(data)).settings == {}
    assert swept(raw(data), raw(b'{"n":3}', "awg")).settings == {"awg.n": 3}


def test_a_snapshot_that_is_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_BYTES", 10)
    assert swept(raw(b'{"name":"a long one"}')).settings == {}
    with pytest.raises(ValueError, match="takes 21 bytes, at most 10 are kept"):
        encoded({"name": "a long one"})


def test_a_circuits_result_has_it_and_is_otherwise_what_it_was() -> None:
    work = Circuits(programs=(OpenQasm(source=""),), n_shots=(2,))
    request = PostProcessRequest(
        job=JOB,
        attempt=1,
        work=work,
        items=(0,),
        blocks=(raw(b'{"lo":5e9}', "qpu"), block(np.zeros((2, 2), np.uint8))),
        bits={0: BitLayout(n_bits=2, bit_names=("c[0]", "c[1]"))},
        artifacts="/nowhere",
    )
    (outcome,) = post_process(request)
    assert outcome.data is not None
    result = read_outcome(outcome.data)
    assert isinstance(result, CircuitResult)
    assert (result.settings, result.counts) == ({"qpu.lo": 5e9}, {"00": 2})
    (begun,) = post_process(msgspec.structs.replace(request, partial=True))
    assert not begun.partial
    snapshot_alone = msgspec.structs.replace(request, blocks=request.blocks[:1], partial=True)
    assert post_process(snapshot_alone) == []


def test_a_large_snapshot_makes_a_large_result() -> None:
    request = PostProcessRequest(
        job=JOB,
        attempt=1,
        work=Sweep(settings={"lab.x": 1.5}),
        items=(0,),
        artifacts="/nowhere",
    )
    assert fits_inline(request)
    large = raw(encoded({"text": "x" * 65_000}).tobytes())
    assert not fits_inline(msgspec.structs.replace(request, blocks=(large,)))
