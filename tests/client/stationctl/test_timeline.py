"""`timeline`: what jobs did when."""

import json
from pathlib import Path

from stationd.client.scripted.station import ScriptedStation
from tests.client.stationctl.shell import run, submitted


def test_each_stage_has_a_row_where_nobody_looks(there: ScriptedStation) -> None:
    job = submitted("--null", "1", "--name", "bell")
    lines = [line.split() for line in run("timeline", job).stdout.splitlines()]
    assert lines[0] == ["JOB", "NAME", "STAGE", "TOOK"]
    assert lines[1] == ["1", "bell", "validate", "2.0", "s"]
    assert [line[2] for line in lines[1:]] == [
        "validate", "fetch", "compile", "save", "queue", "execute", "post-process",
    ]  # fmt: skip


def test_as_json_the_stages_have_their_times(there: ScriptedStation) -> None:
    jobs = [submitted("--null", "1") for _ in range(2)]
    found = json.loads(run("timeline", *jobs, "--json").stdout)
    assert [one["job"] for one in found] == jobs
    assert found[0]["stages"][-1]["stage"] == "post-process"


def test_plot_draws_into_a_file(there: ScriptedStation, tmp_path: Path) -> None:
    file = tmp_path / "jobs.png"
    done = run("timeline", submitted("--null", "1"), "--plot", str(file))
    assert done.stdout == f"{file}\n"
    assert file.read_bytes().startswith(b"\x89PNG")
