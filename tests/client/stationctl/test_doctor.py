"""`stationctl doctor` says what `stationd doctor` says, and ends as it does."""

from pathlib import Path

from click.testing import CliRunner

from stationd.client.stationctl.cli import main


def test_it_says_what_the_daemons_own_command_finds(tmp_path: Path) -> None:
    file = tmp_path / "stationd.toml"
    file.write_text("[station]\nnmae = 'x'\n")
    done = CliRunner().invoke(main, ["doctor", "--config", str(file), "--json"])
    assert done.exit_code == 1
    assert '"state": "fail"' in done.stdout
    assert "did you mean" in done.stdout
