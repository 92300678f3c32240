"""Results are read piece by piece, wherever they are."""

from pathlib import Path

import pytest

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.error import UnknownArtifact
from stationd.proto.job import ArtifactRef
from stationd.proto.jobs_protocol import CHUNK_BYTES
from stationd.runtime.journal.stored import StoredArtifact
from stationd.runtime.work.artifacts import Artifacts

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * (CHUNK_BYTES // 256) + b"the rest"
REF = ArtifactRef(
    id="0d1a6a3e-7c1b-4f5e-9d8a-2b3c4d5e6f70/1/0", size_bytes=len(CONTENT), sha256="0" * 64
)


@pytest.fixture(params=["journal", "file"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> StoredArtifact:
    if request.param == "journal":
        return StoredArtifact(REF, CONTENT)
    path = artifact_path(tmp_path, REF.id)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return StoredArtifact(REF, None)


async def test_a_result_comes_in_pieces(stored: StoredArtifact, tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    first = await artifacts.read(stored, 0)
    assert first == CONTENT[:CHUNK_BYTES]
    assert await artifacts.read(stored, CHUNK_BYTES) == b"the rest"
    assert await artifacts.read(stored, CHUNK_BYTES + 4) == b"rest"
    assert await artifacts.read(stored, len(CONTENT)) == b""


async def test_a_piece_before_the_first_is_refused(stored: StoredArtifact, tmp_path: Path) -> None:
    with pytest.raises(UnknownArtifact, match="-1"):
        await Artifacts(tmp_path).read(stored, -1)


async def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownArtifact, match="gone"):
        await Artifacts(tmp_path).read(StoredArtifact(REF, None), 0)
