"""Files for new keys."""

from pathlib import Path

import pytest

from stationd.proto.curve import pair_of, read_secret
from stationd.proto.error import HostError
from stationd.runtime.security.making import make_files


def test_the_secret_is_for_its_owner_alone_and_the_public_key_for_everybody(tmp_path: Path) -> None:
    pair = make_files("ada", tmp_path / "new")
    secret, public = (tmp_path / "new" / f"ada.{kind}" for kind in ("secret", "public"))
    assert secret.stat().st_mode & 0o777 == 0o600
    assert public.stat().st_mode & 0o004
    assert read_secret(secret) == pair == pair_of(pair.secret)
    assert public.read_text().strip() == pair.public


@pytest.mark.parametrize("kind", ["secret", "public"])
def test_what_is_there_is_written_over_only_by_force(tmp_path: Path, kind: str) -> None:
    old = make_files("ada", tmp_path)
    (tmp_path / f"ada.{'public' if kind == 'secret' else 'secret'}").unlink()
    with pytest.raises(HostError, match=r"is there already.*--force"):
        make_files("ada", tmp_path)
    new = make_files("ada", tmp_path, force=True)
    assert new != old
    assert read_secret(tmp_path / "ada.secret") == new


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="cannot write the keys to"):
        make_files("ada", tmp_path / "file")
