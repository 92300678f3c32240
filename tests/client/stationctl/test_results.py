"""`results`: shown, drawn into files, saved."""

import json
from pathlib import Path

from stationd.client.scripted.station import ScriptedStation
from tests.client.stationctl.shell import SWEEP, run, submitted


def test_items_can_be_chosen(there: ScriptedStation, bell: str) -> None:
    job = submitted(bell, bell)
    shown = json.loads(run("results", job, "--item", "1", "--json").stdout)
    assert [one["index"] for one in shown] == [1]
    done = run("results", job, "--item", "2")
    assert done.exit_code == 2
    assert "the job has no item 2: it has 2, from 0" in done.stderr


def test_plot_draws_counts_and_sweeps(there: ScriptedStation, bell: str, tmp_path: Path) -> None:
    scan = tmp_path / "scan.toml"
    scan.write_text(SWEEP)
    for number, program in enumerate((bell, str(scan))):
        file = tmp_path / f"{number}.png"
        done = run("results", submitted(program), "--plot", str(file))
        assert done.stdout == f"{file}\n", done.stderr
        assert file.read_bytes().startswith(b"\x89PNG")


def test_output_and_plot_go_together(there: ScriptedStation, bell: str, tmp_path: Path) -> None:
    job = submitted(bell)
    done = run(
        "results", job, "--output", str(tmp_path), "--plot", str(tmp_path / "x.svg"), "--json"
    )
    names = [Path(name).name for name in json.loads(done.stdout)]
    assert names == [f"{job}-0.npz", f"{job}-0.json", "x.svg"]


def test_a_picture_of_no_known_kind_is_wrong_usage(
    there: ScriptedStation, bell: str, tmp_path: Path
) -> None:
    done = run("results", submitted(bell), "--plot", str(tmp_path / "x.gif"))
    assert done.exit_code == 2
    assert "has to end in one of .png, .svg, .pdf" in done.stderr


def test_a_format_makes_one_file_or_one_for_each_item(
    there: ScriptedStation, bell: str, tmp_path: Path
) -> None:
    job = submitted(bell, bell)
    one = tmp_path / "one.csv"
    done = run("results", job, "--item", "1", "--format", "csv", "-o", str(one))
    assert done.stdout == f"{one}\n", done.stderr
    assert one.read_text().split() == ["outcome,count", "00,1", "11,3"]
    folder = tmp_path / "all"
    names = json.loads(run("results", job, "--format", "npz", "-o", str(folder), "--json").stdout)
    assert names == [str(folder / f"{job}-{index}.npz") for index in (0, 1)]


def test_the_end_of_a_files_name_is_enough(
    there: ScriptedStation, bell: str, tmp_path: Path
) -> None:
    path = tmp_path / "bell.json"
    run("results", submitted(bell), "-o", str(path))
    assert json.loads(path.read_bytes())["attributes"]["artifact"] in there.artifacts


def test_text_is_printed_and_anything_else_is_not(there: ScriptedStation, bell: str) -> None:
    job = submitted(bell)
    assert run("results", job, "--format", "csv").stdout.split() == [
        "outcome,count", "00,1", "11,3",
    ]  # fmt: skip
    done = run("results", job, "--format", "npz")
    assert done.exit_code == 2
    assert "say where to, with --output" in done.stderr


def test_a_format_that_does_not_fit_is_refused(
    there: ScriptedStation, bell: str, tmp_path: Path
) -> None:
    done = run("results", submitted(bell), "-o", str(tmp_path / "x.nc"))
    assert done.exit_code == 4
    assert "cannot be saved as netcdf: choose one of json, csv, npz" in done.stderr
