"""The configuration: its defaults, and errors that name file, key and reason."""

from pathlib import Path
from typing import Any

import pytest

from stationd.runtime.settings import Settings, SettingsError, Source, load, parse, read
from stationd.runtime.settings.reading import DROP_INS

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
            "api": {"endpoints": ["tcp://10.0.0.5:5555", "ipc:///x/y.sock"]},
            "users": {"ada": {"keys": ["k" * 40]}},
            "instruments": {"endpoint": "tcp://[::1]:*", "beat_interval": 1},
            "metrics": {"listen": ""},
            "workers": {"processes": 3, "prewarm": False},
            "controllers": {"qpu": {**QPU, "start": False, "options": {"qubits": 5}}},
            "targets": {"five": {"controller": "qpu"}},
        },
        "the.toml",
    )
    assert settings.api_endpoints == ("tcp://10.0.0.5:5555", "ipc:///x/y.sock")
    assert settings.instruments_endpoint == "tcp://[::1]:*"
    assert settings.instruments.beat_interval == 1.0
    assert settings.controllers["qpu"].options == {"qubits": 5}
    assert settings.target_controllers == {"five": "qpu"}
    assert settings.controller_state("qpu") == Path("/s/controllers/qpu")


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a section": ({"statoin": {}}, "statoin: ", "did you mean 'station'?"),
    "a key": ({"station": {"nmae": "x"}}, "station.nmae: ", "did you mean 'name'?"),
    "a far key": ({"api": {"zzz": 1}}, "api.zzz: ", "known are endpoints"),
    "a type": ({"station": {"name": 3}}, "station.name: ", "expected a text, got a whole number"),
    "no table": ({"workers": 3}, "workers: ", "expected a table, got a whole number"),
    "a choice": ({"station": {"backend": "tornado"}}, "station.backend: ", "asyncio, trio"),
    "a bound": ({"workers": {"processes": 0}}, "workers.processes: ", ">= 1"),
    "an endpoint": ({"api": {"endpoints": ["tcp://0.0.0.0"]}}, "api.endpoints: ", "ADDRESS:PORT"),
    "an item": ({"api": {"endpoints": ["ipc:///a", 3]}}, "api.endpoints[1]: ", "expected a text"),
    "a relative endpoint": ({"instruments": {"endpoint": "ipc://a"}}, "instruments.", "absolute"),
    "a relative folder": ({"station": {"runtime": "run"}}, "station.runtime: ", "absolute"),
    "a long folder": ({"station": {"runtime": "/" + "r" * 90}}, "station.runtime: ", "100"),
    "no folder": ({"station": {"runtime": ""}}, "station.runtime: ", "absolute"),
    "a relative state": ({"station": {"state": "state"}}, "station.state: ", "absolute"),
    "a unit": ({"deadlines": {"compilation": "10 min"}}, "deadlines.comp", "quotes nor a unit"),
    "not a number": ({"instruments": {"grace": float("nan")}}, "instruments.grace: ", "> 0.0"),
    "no pause": ({"instruments": {"beat_interval": 1e-9}}, "instruments.beat_", "a number >= 0.01"),
    "a role": ({"limits": {"roles": {"boss": {}}}}, "limits.roles.boss: ", "known are admin"),
    "a level": ({"log": {"levels": {"a": "loud"}}}, "log.levels", "known are debug"),
    "a user's bound": (
        {"users": {"ann": {"limits": {"jobs": -1}}}},
        "users.ann.limits.jobs: ",
        "a whole number",
    ),
    "no store": ({"artifacts": {"keep_local": False}}, "artifacts.keep_local: ", "artifacts.store"),
    "a driver": (
        {"controllers": {"qpu": {"driver": "simulated-qbu"}}},
        "controllers.qpu.driver: ",
        "did you mean 'simulated-qpu'?",
    ),
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
        "expected a text, got a whole number",
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
        (b"[station]\nname = 3\n", "station.name: expected a text, got a whole number"),
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


@pytest.fixture
def main_file(tmp_path: Path) -> Path:
    file = tmp_path / "stationd.toml"
    file.write_text('[station]\nname = "lab"\nstate = "/s"\n\n[workers]\nprocesses = 3\n')
    (tmp_path / DROP_INS).mkdir()
    return file


def drop_in(main_file: Path, name: str, text: str) -> Path:
    file = main_file.parent / DROP_INS / name
    file.write_text(text)
    return file


def test_drop_ins_are_laid_over_the_file_in_the_order_of_their_names(main_file: Path) -> None:
    later = drop_in(main_file, "20-b.toml", "[workers]\nprocesses = 5\n")
    first = drop_in(main_file, "10-a.toml", "[workers]\nprocesses = 4\nprewarm = false\n")
    configuration = read(main_file)
    assert configuration.files == (main_file, first, later)
    assert configuration.settings.workers.processes == 5
    assert configuration.settings.workers.prewarm is False
    assert configuration.settings.station.name == "lab"
    assert configuration.sources["workers", "processes"] == Source(str(later), 2)
    assert configuration.sources["station", "state"] == Source(str(main_file), 3)
    assert ("station", "runtime") not in configuration.sources


def test_hidden_files_and_those_of_another_kind_are_no_drop_ins(main_file: Path) -> None:
    for name in (".10-a.toml", "10-a.toml~", "README"):
        drop_in(main_file, name, "not TOML")
    assert read(main_file).files == (main_file,)


def test_a_mistake_is_told_with_the_file_and_the_line_that_made_it(main_file: Path) -> None:
    file = drop_in(main_file, "10-a.toml", "[workers]\n\nprocesses = 0\nprewarmed = true\n")
    with pytest.raises(SettingsError) as caught:
        load(main_file)
    assert str(caught.value).startswith(f"{file}: line 3: workers.processes: ")
    assert "; line 4: workers.prewarmed: there is no such key" in str(caught.value)


def test_mistakes_of_several_files_are_all_told(main_file: Path) -> None:
    main_file.write_text("[station]\nnmae = 1\n")
    file = drop_in(
        main_file, "10-a.toml", "[workers]\nprocesses = 0\n[targets.x]\ncontroller = 3\n"
    )
    with pytest.raises(SettingsError) as caught:
        load(main_file)
    assert str(caught.value).split("; ") == [
        f"{main_file}: line 2: station.nmae: there is no such key",
        "did you mean 'name'?",
        f"{file}: line 2: workers.processes: expected a whole number >= 1",
        "line 4: targets.x.controller: expected a text, got a whole number",
    ]


def test_what_is_missing_is_told_with_the_table_that_lacks_it(main_file: Path) -> None:
    file = drop_in(main_file, "10-a.toml", "\n[controllers.qpu]\nprefetch = 3\n")
    with pytest.raises(SettingsError) as caught:
        load(main_file)
    assert str(caught.value) == f"{file}: line 2: controllers.qpu.driver: is missing"


@pytest.mark.parametrize(
    ("content", "reason"), [(b"[station\n", "not TOML"), (b"\xff", "not TOML")]
)
def test_a_drop_in_that_cannot_be_used_is_named(
    main_file: Path, content: bytes, reason: str
) -> None:
    file = drop_in(main_file, "10-a.toml", "")
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(main_file)
    assert str(caught.value).startswith(f"{file}: {reason}")


def test_a_folder_among_the_drop_ins_is_named(main_file: Path) -> None:
    (main_file.parent / DROP_INS / "10-a.toml").mkdir()
    with pytest.raises(SettingsError, match=r"10-a\.toml: cannot be read: Is a directory"):
        load(main_file)
