"""From raw data to results: one result or one error for each item.

Rule 1. Blocks may come twice, in any order, or not at all; their offsets say where they belong.
Rule 2. Data that is missing is an error, unless the job was cut short (`partial`).
Rule 3. What a controller sent is not trusted: a block that does not fit is an error of its item.
Rule 4. Raw data is gone through a few blocks at a time, and may be as large as the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from stationd.actors.stages.artifact import HEALING, Draft, seal
from stationd.actors.stages.binding import binding_note
from stationd.actors.stages.inline import INLINE_BYTES
from stationd.actors.stages.joined import Joined
from stationd.actors.stages.raw_data import BadData, BlockHead, DataInMemory, Key, RawBlock, RawData
from stationd.actors.stages.requests import ItemOutcome, PostProcessRequest, shots_asked
from stationd.actors.stages.shots import shots_result
from stationd.actors.stages.snapshot import is_snapshot, metadata_of
from stationd.actors.stages.spots import SweepForm
from stationd.actors.stages.stretches import told
from stationd.proto.error import ErrorCode, ErrorInfo, StorageTrouble, UnknownArtifact
from stationd.proto.job import ArtifactRef
from stationd.proto.program import Circuits, Compile, NullProgram, Sweep
from stationd.proto.result import NullResult, Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def post_process(request: PostProcessRequest, data: RawData | None = None) -> list[ItemOutcome]:
    """Build, encode and store the results of the items that are asked for, in that order.

    Args:
        request: What it takes.
        data: The attempt's raw data, if it is not in the request.

    If the execution was cut short, circuits of which not a shot was taken have no outcome: they
    were not begun.

    Small results come back with the outcome; large ones are durable in the artifact store when
    this returns. Doing it again gives the same. Blocks on the disk if a result is large: then
    it belongs into a worker, see `inline.fits_inline`.

    Raises:
        StorageTrouble: The disk is full or fails: to be done again in a while.
    """
    data = DataInMemory(request.blocks) if data is None else data
    if request.stretches:
        data = Joined(data, request.stretches)
    if isinstance(request.work, Sweep):
        return [_outcome(request, item, _Item(data, [])) for item in request.items]
    spans, snapshots = _spans(data)
    request = replace(request, metadata={**request.metadata, **metadata_of(data, snapshots)})
    return [
        _outcome(request, item, _Item(data, spans.get(item, [])))
        for item in request.items
        if item in spans or not _may_be_missing(request, item)
    ]


class _Item(NamedTuple):
    """The raw data of an item."""

    data: RawData
    """That of all items; a sweep has but one."""
    spans: Sequence[tuple[Key, Key]]
    """A circuit's are the blocks from each first to each last key."""

    def blocks(self) -> Iterator[RawBlock]:
        for span in self.spans:
            yield from self.data.blocks(*span)


def _spans(data: RawData) -> tuple[dict[int, list[tuple[Key, Key]]], list[BlockHead]]:
    """Return where the blocks of each item are, and the heads of snapshots.

    Those of one item mostly stand together.
    """
    spans: dict[int, list[tuple[Key, Key]]] = {}
    snapshots: list[BlockHead] = []
    before: int | None = None
    for head in data.heads():
        if is_snapshot(head):
            snapshots.append(head)
            continue
        item = head.header.item
        found = spans.setdefault(item, [])
        if item == before:
            found[-1] = found[-1][0], head.key
        else:
            found.append((head.key, head.key))
        before = item
    return spans, snapshots


def _may_be_missing(request: PostProcessRequest, item: int) -> bool:
    """Whether an item without data was not begun: it needs data, and was cut short."""
    return request.partial and item in request.bits


def _outcome(request: PostProcessRequest, index: int, item: _Item) -> ItemOutcome:
    try:
        (reference, data), partial = _sealed(request, index, item)
    except (BadData, UnknownArtifact) as error:
        return _failed(index, str(error))
    except OSError as error:
        if error.errno in HEALING:
            # No fault of the job's: it is done again when the disk takes it.
            raise StorageTrouble(f"a result cannot be stored: {error.strerror}") from error
        return _failed(index, f"the result could not be stored: {error.strerror or error}")
    except MemoryError:
        return _failed(index, "the result does not fit into memory")
    return ItemOutcome(index=index, result=reference, data=data, partial=partial)


def _failed(item: int, detail: str) -> ItemOutcome:
    return ItemOutcome(index=item, error=ErrorInfo(ErrorCode.POST_PROCESSING_FAILED, detail))


def _sealed(
    request: PostProcessRequest, index: int, item: _Item
) -> tuple[tuple[ArtifactRef, bytes | None], bool]:
    """Store an item's result; also return whether something is missing in it."""
    artifact = f"{request.job}/{request.attempt}/{index}"
    if isinstance(request.work, Sweep):
        return _sealed_sweep(request, request.work, artifact, item.data)
    result, partial = _result(request, request.work, index, item)
    return seal(request.artifacts, artifact, result, INLINE_BYTES), partial


def _sealed_sweep(
    request: PostProcessRequest, sweep: Sweep, artifact: str, data: RawData
) -> tuple[tuple[ArtifactRef, bytes | None], bool]:
    metadata = request.metadata
    if request.stretches:
        metadata = metadata | {"attempts": told(request.stretches)}
    form = SweepForm(sweep, data.heads(), request.offers, metadata)
    partial = _allowed(form.missing, form.result.spots_done, sweep.spots, "spots", request)
    form.note(metadata_of(data, form.snapshots))
    layout = form.lay_out()
    with Draft(request.artifacts, artifact, layout.size, INLINE_BYTES) as draft:
        form.write(layout, data.blocks(), draft)
        return draft.seal(), partial


def _result(
    request: PostProcessRequest, work: Circuits | Compile, index: int, item: _Item
) -> tuple[Result, bool]:
    """Return an item's result and whether something is missing in it."""
    if index >= len(work.programs):
        raise BadData(f"the job has no item {index}")
    if index in request.compiled:
        return request.compiled[index], False
    program = work.programs[index]
    if isinstance(program, NullProgram):
        return NullResult(duration=program.duration), request.partial
    if index not in request.bits or index >= len(shots_asked(work)):
        raise BadData("the item was not compiled, so there is nothing to build a result of")
    bits, shots = request.bits[index], shots_asked(work)[index]
    metadata = request.metadata | binding_note(program)
    result = shots_result(shots, bits.n_bits, bits.bit_names, item.blocks(), metadata)
    done = result.bits.shape[0]
    return result, _allowed(done < shots, done, shots, "shots", request)


def _allowed(missing: bool, done: int, wanted: int, unit: str, request: PostProcessRequest) -> bool:  # noqa: FBT001 - a fact, handed through
    if missing and not request.partial:
        raise BadData(f"data is missing: {done:,} of {wanted:,} {unit} have arrived")
    return missing
