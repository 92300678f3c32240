"""`set` and `get` take values as they are typed, and print them with their units."""

import json

import numpy as np
import pytest

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import ControllerView
from stationd.proto.program import Capabilities, Setting, SettingValue, Sweep
from stationd.proto.result import Array, SweepResult
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.shell import run

SETTINGS = (
    Setting(name="x", unit="V"),
    Setting(name="n", type="int"),
    Setting(name="on", type="bool"),
    Setting(name="mode", type="str"),
)


def answer(spec: JobSpec) -> SweepResult:
    """Read the same number, a complex trace or a word, whatever stands there."""
    assert isinstance(spec.work, Sweep)
    values = {
        "lab.x": np.asarray(1.5),
        "lab.trace": np.array([1 + 2j, 3 - 4j]),
        "lab.mode": np.asarray("cw"),
        "lab.many": np.linspace(0, 1, 64),
    }
    return SweepResult(
        axes=(),
        arrays=tuple(
            Array(
                name=name,
                dtype=values[name].dtype.str,
                shape=values[name].shape,
                data=memoryview(values[name].tobytes()),
                unit="V" if name == "lab.x" else "",
            )
            for name in spec.work.returns
        ),
        spots_done=1,
    )


@pytest.fixture
def lab(there: ScriptedStation) -> ScriptedStation:
    """A station with a controller that has one setting of each type."""
    there.answer = answer
    there.controllers = (
        ControllerView(
            name="lab",
            driver="qcodes",
            connected=True,
            running=None,
            line=0,
            capabilities=Capabilities(settings=SETTINGS),
        ),
    )
    return there


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("lab.x", "-1.5e-3", -1.5e-3),
        ("lab.x", "2", 2.0),
        ("lab.n", "-7", -7),
        ("lab.n", "0x10", 16),
        ("lab.on", "off", False),
        ("lab.on", "True", True),
        ("lab.mode", "1", "1"),
        # A setting that nobody knows is for the station to refuse, in its words.
        ("lab.y", "1", "1"),
    ],
)
def test_a_value_is_read_as_its_setting_takes_it(
    lab: ScriptedStation, name: str, typed: str, value: SettingValue
) -> None:
    assert run("set", name, typed).exit_code == 0
    (spec,) = lab.specs.values()
    assert isinstance(spec.work, Sweep)
    assert repr(spec.work.settings) == repr({name: value})


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("lab.x", "fast", "'fast' is not a number, which lab.x takes"),
        ("lab.n", "1.5", "'1.5' is not a whole number, which lab.n takes"),
        ("lab.on", "2", "'2' is not true or false, which lab.on takes"),
    ],
)
def test_what_is_no_such_value_is_refused(
    lab: ScriptedStation, name: str, typed: str, said: str
) -> None:
    refused = run("set", name, typed)
    assert (refused.exit_code, said in refused.stderr) == (2, True)
    assert not lab.specs


def test_settings_without_values_and_twice_are_refused(lab: ScriptedStation) -> None:
    assert "'lab.n' has no value" in run("set", "lab.x", "1", "lab.n").stderr
    assert "named twice" in run("set", "lab.x", "1", "lab.x", "2").stderr
    assert not lab.specs


def test_what_was_set_is_printed_with_its_unit(lab: ScriptedStation) -> None:
    assert run("set", "lab.x", "-1.5", "lab.mode", "cw").stdout == (
        "lab.x = -1.5 V\nlab.mode = cw\n"
    )
    (job,) = lab.specs
    found = json.loads(run("set", "lab.x", "2", "--json").stdout)
    assert found["settings"] == [{"name": "lab.x", "value": 2.0, "unit": "V"}]
    assert found["job"] != job
    assert found["job"] in lab.specs


def test_what_was_read_is_printed_with_its_unit(lab: ScriptedStation) -> None:
    shown = run("get", "lab.x", "lab.trace", "lab.mode").stdout
    assert shown == "lab.x = 1.5 V\nlab.trace = [1.+2.j, 3.-4.j]\nlab.mode = cw\n"
    many = run("get", "lab.many").stdout
    assert many.startswith("lab.many = [0.        , 0.01587302, ")
    assert many.count("\n") == 1
    assert "\\n" not in many
    found = json.loads(run("get", "lab.x", "lab.trace", "--json").stdout)["readouts"]
    assert found[0] == {"name": "lab.x", "value": 1.5, "unit": "V"}
    assert found[1]["value"] == [[1.0, 2.0], [3.0, -4.0]]


def test_nobody_has_to_wait(lab: ScriptedStation) -> None:
    lab.plan = lambda _spec: ()
    for words in (("set", "lab.x", "1"), ("get", "lab.x")):
        left = run(*words, "--no-wait")
        assert left.stdout.strip() in lab.specs
        assert left.stderr.startswith("job ")
        assert json.loads(run(*words, "--no-wait", "--json").stdout)["job"] in lab.specs
        assert run(*words, "--timeout", "0").exit_code == 5


def test_a_job_that_fails_ends_with_1(lab: ScriptedStation) -> None:
    lab.plan = lambda _spec: (S.FAILED,)
    for words in (("set", "lab.x", "1"), ("get", "lab.x")):
        failed = run(*words)
        assert (failed.exit_code, failed.stdout) == (1, "")
