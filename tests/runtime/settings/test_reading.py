"""The configuration: its defaults, and errors that name file, key and reason."""

from pathlib import Path
from typing import Any

import pytest

from stationd.runtime.settings import Settings, SettingsError, load, parse

QPU = {"driver": "simulated-qpu"}


def refused(data: object) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(data, "the.toml")
    text = str(caught.value)
    assert text.startswith("the.toml: ")
    return text.removeprefix("the.toml: ")


def test_an_empty_file_is_a_station_without_controllers() -> None:
    settings = parse({}, "the.toml")
    assert settings == Settings()
    assert settings.state == Path("/var/lib/stationd")
    assert settings.api_endpoints == ("ipc:///run/stationd/jobs.sock",)
    assert settings.instruments_endpoint == "ipc:///run/stationd/instruments.sock"
    assert settings.metrics.listen == "127.0.0.1:9555"
    assert settings.controllers == {}


def test_everything_that_is_said_is_taken() -> None:
    settings = parse(
        {
            "station": {"name": "lab", "state": "/s", "runtime": "/r", "backend": "trio"},
            "api": {"endpoints": ["tcp://127.0.0.1:5555", "ipc:///x/y.sock"]},
            "instruments": {"endpoint": "tcp://[::1]:*", "beat_interval": 1},
            "metrics": {"listen": ""},
            "workers": {"processes": 3, "prewarm": False},
            "controllers": {"qpu": {**QPU, "start": False, "options": {"qubits": 5}}},
            "targets": {"five": {"controller": "qpu"}},
        },
        "the.toml",
    )
    assert settings.api_endpoints == ("tcp://127.0.0.1:5555", "ipc:///x/y.sock")
    assert settings.instruments_endpoint == "tcp://[::1]:*"
    assert settings.instruments.beat_interval == 1.0
    assert settings.controllers["qpu"].options == {"qubits": 5}
    assert settings.target_controllers == {"five": "qpu"}
    assert settings.controller_state("qpu") == Path("/s/controllers/qpu")


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a section": ({"statoin": {}}, "statoin: ", "did you mean 'station'?"),
    "a key": ({"station": {"nmae": "x"}}, "station.nmae: ", "did you mean 'name'?"),
    "a far key": ({"api": {"zzz": 1}}, "api.zzz: ", "known are endpoints"),
    "a type": ({"station": {"name": 3}}, "station.name: ", "expected str, got int"),
    "no table": ({"workers": 3}, "workers: ", "expected a table, got int"),
    "a choice": ({"station": {"backend": "tornado"}}, "station.backend: ", "asyncio, trio"),
    "a bound": ({"workers": {"processes": 0}}, "workers.processes: ", ">= 1"),
    "an endpoint": ({"api": {"endpoints": ["tcp://0.0.0.0:1"]}}, "api.endpoints: ", "loopback"),
    "an item": ({"api": {"endpoints": ["ipc:///a", 3]}}, "api.endpoints[1]: ", "expected str"),
    "a relative endpoint": ({"instruments": {"endpoint": "ipc://a"}}, "instruments.", "absolute"),
    "a relative folder": ({"station": {"runtime": "run"}}, "station.runtime: ", "absolute"),
    "a long folder": ({"station": {"runtime": "/" + "r" * 90}}, "station.runtime: ", "100"),
    "an address": ({"metrics": {"listen": "0.0.0.0:9555"}}, "metrics.listen: ", "loopback"),
    "a port": ({"metrics": {"listen": "127.0.0.1:70000"}}, "metrics.listen: ", "ADDRESS:PORT"),
    "a controller": ({"controllers": {"qpu": {}}}, "controllers.qpu.driver: ", "is missing"),
    "no controller": ({"controllers": {"qpu": 3}}, "controllers.qpu: ", "expected a table"),
    "no controllers": ({"controllers": 3}, "controllers: ", "[controllers.NAME]"),
    "an entry's key": (
        {"controllers": {"qpu": {**QPU, "prefetc": 1}}},
        "controllers.qpu.prefetc: ",
        "did you mean 'prefetch'?",
    ),
    "an entry's type": (
        {"controllers": {"qpu": {"driver": 3}}},
        "controllers.qpu.driver: ",
        "expected str, got int",
    ),
    "a name": ({"controllers": {"a.b": QPU}}, 'controllers."a.b": ', "begins with a letter"),
    "a long name": ({"targets": {"a" * 64: {"controller": "x"}}}, "targets.aaa", "at most 63"),
    "a reference": (
        {"controllers": {"qpu": QPU}, "targets": {"five": {"controller": "qpv"}}},
        "targets.five.controller: ",
        "no controller is called 'qpv'; did you mean 'qpu'?",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_key_and_reason(case: str) -> None:
    data, key, reason = WRONG[case]
    text = refused(data)
    assert text.startswith(key)
    assert reason in text


def test_all_problems_are_told_at_once() -> None:
    text = refused(
        {
            "statoin": {},
            "workers": {"processes": "two"},
            "controllers": {"a": {}, "b": {"driver": 1}, "c": QPU},
        }
    )
    for key in ("statoin", "workers.processes", "controllers.a.driver", "controllers.b.driver"):
        assert key in text


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "stationd.toml"
    file.write_text('[station]\nname = "lab"\n')
    assert load(file).station.name == "lab"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"[station\n", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"[station]\nname = 3\n", "station.name: expected str, got int"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "stationd.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"stationd\.toml: ") as caught:
        load(file)
    assert reason in str(caught.value)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load(tmp_path)
