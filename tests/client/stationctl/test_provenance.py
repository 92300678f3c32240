"""`provenance` finds what is meant, and shows where it comes from."""

import json
from pathlib import Path

from stationd.client.scripted.station import ScriptedStation
from tests.client.stationctl.shell import run, submitted


def test_a_job_an_item_and_an_artifact_lead_to_the_same(there: ScriptedStation, bell: str) -> None:
    job = submitted(bell, bell)
    shown = json.loads(run("provenance", f"{job}:1", "--json").stdout)
    artifact = shown["artifact"]["id"]
    assert (shown["job"], shown["item"]) == (job, 1)
    assert json.loads(run("provenance", artifact, "--json").stdout) == shown
    number = artifact.replace(job, "1")
    assert json.loads(run("provenance", number, "--json").stdout) == shown


def test_the_tree_names_checksum_ticket_controller_and_program(
    there: ScriptedStation, bell: str
) -> None:
    job = submitted(bell)
    said = run("provenance", job).stdout
    artifact = next(iter(there.artifacts))
    assert said.startswith(f"artifact {artifact}: ")
    for words in (
        "sha256",
        "ticket 1",
        "controller    c: driver null",
        "Python  ",
        "settings when it began",
        "x                   0.5",
        "OPENQASM 3.0",
    ):
        assert words in said


def test_an_artifact_that_was_replaced_is_not_mistaken_for_the_newer_one(
    there: ScriptedStation, bell: str
) -> None:
    job = submitted(bell)
    done = run("provenance", f"{job}/7/0")
    assert done.exit_code == 4
    assert "attempt 1 has replaced it" in done.stderr


def test_what_names_nothing_is_wrong_usage(there: ScriptedStation) -> None:
    assert run("provenance", "one:two:three").exit_code == 2


def test_programs_of_all_forms_and_their_bindings_are_shown(
    there: ScriptedStation, tmp_path: Path, bell: str
) -> None:
    qpy, native = tmp_path / "c.qpy", tmp_path / "c.json"
    qpy.write_bytes(b"QISKIT\x12" + bytes(10) + b"\x01pq")
    turn = {"name": "prx", "locus": ["QB1"], "args": {"angle": 0.5, "phase": 0}}
    native.write_text(json.dumps({"instructions": [turn]}))
    assert "theta = 0.25" in run("provenance", submitted(bell, "--bind", "theta=0.25")).stdout
    assert "QPY, 20 bytes" in run("provenance", submitted(str(qpy))).stdout
    assert "prx QB1 0.5 0.0" in run("provenance", submitted(str(native))).stdout
