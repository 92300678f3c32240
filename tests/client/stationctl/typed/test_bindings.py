"""Circuits of all forms are typed as files, and their parameters' values as numbers and ranges."""

import io
import json
from pathlib import Path

import click
import pytest

from stationd.actors.untyped import load
from stationd.client.scripted.station import ScriptedStation
from stationd.client.stationctl.typed.bindings import read_bindings
from stationd.proto.job import JobId
from stationd.proto.program import Circuits, NativeProgram, OpenQasm, Program, Qpy
from tests.client.stationctl.shell import run

OPTION = click.Option(["--bind"])


def read(*given: str) -> dict[str, list[float] | float]:
    return read_bindings(click.Context(click.Command("submit")), OPTION, given)


def sent(there: ScriptedStation, *words: str) -> tuple[Program, ...]:
    done = run("submit", *words)
    assert done.exit_code == 0, done.output
    work = there.specs[JobId(done.stdout.strip())].work
    assert isinstance(work, Circuits)
    return work.programs


def test_values_are_numbers_lists_and_ranges() -> None:
    assert read("a=0.5", "b=1,-2,3e-1", "c=0:1:5") == {
        "a": 0.5,
        "b": [1.0, -2.0, 0.3],
        "c": [0.0, 0.25, 0.5, 0.75, 1.0],
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["theta"], "write NAME=VALUES"),
        (["=1"], "write NAME=VALUES"),
        (["a=1", "a=2"], "'a' is given twice"),
        (["a=x"], "'x' is not a number"),
        (["a=inf"], "'inf' is not a number"),
        (["a=0:1"], "a range is FROM:TO:POINTS"),
        (["a=0:1:1"], "a range has 2 to 1000 points, not '1'"),
        (["a=0:1:x"], "a range has 2 to 1000 points, not 'x'"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(given: list[str], expected: str) -> None:
    with pytest.raises(click.BadParameter, match=expected):
        read(*given)


def test_a_circuit_is_sent_once_for_each_value(there: ScriptedStation, bell: str) -> None:
    programs = sent(there, bell, "--bind", "theta=0:1:3", "--bind", "phi=2", "--shots", "5")
    assert [one.binding for one in programs if isinstance(one, OpenQasm)] == [
        {"theta": 0.0, "phi": 2.0},
        {"theta": 0.5, "phi": 2.0},
        {"theta": 1.0, "phi": 2.0},
    ]
    assert programs[1].name == "bell theta=0.5 phi=2"


def test_files_of_all_forms_make_one_job(there: ScriptedStation, tmp_path: Path, bell: str) -> None:
    native, qpy = tmp_path / "native.json", tmp_path / "two.qpy"
    measure = {"name": "measure", "locus": ["QB1"], "args": {"key": "m"}}
    native.write_text(json.dumps({"name": "n", "instructions": [measure]}))
    file = io.BytesIO()
    load("qiskit.qpy").dump([load("qiskit").QuantumCircuit(1, name=n) for n in "ab"], file)
    qpy.write_bytes(file.getvalue())
    programs = sent(there, bell, str(native), str(qpy))
    assert [type(one) for one in programs] == [OpenQasm, NativeProgram, Qpy, Qpy]
    assert [one.name for one in programs] == ["bell", "n", "a", "b"]


@pytest.mark.parametrize("words", [["--null", "1"], ["SWEEP"]])
def test_only_circuits_have_parameters(
    there: ScriptedStation, tmp_path: Path, words: list[str]
) -> None:
    sweep = tmp_path / "scan.toml"
    sweep.write_text("")
    done = run("submit", *(str(sweep) if one == "SWEEP" else one for one in words), "--bind", "a=1")
    assert done.exit_code == 2
    assert "--bind is for circuits" in done.output
    assert there.specs == {}


def test_a_file_that_is_no_circuit_is_refused(there: ScriptedStation, tmp_path: Path) -> None:
    wrong = tmp_path / "c.json"
    wrong.write_text('{"instructions": [{"name": "h", "locus": ["QB1"]}]}')
    done = run("submit", str(wrong))
    assert done.exit_code != 0
    assert "instructions[0]: there is no operation 'h'" in done.output
    assert there.specs == {}
