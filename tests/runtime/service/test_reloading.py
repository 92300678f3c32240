"""Another configuration for a station that runs: what is taken, what waits, what is refused."""

from pathlib import Path

import pytest

from stationd.proto.error import StationError
from stationd.runtime.service.reloading import applied, reload, with_key
from stationd.runtime.settings import Settings, parse
from stationd.runtime.station import Reload
from tests.runtime.bench import a_bench

OLD = parse({"queue": {"weights": {"alpha": 2}}, "retention": {"days": 3}}, "old")


def settings(**tables: object) -> Settings:
    return parse(tables, "new")


def test_what_somebody_takes_holds_and_the_rest_waits() -> None:
    seen: list[Settings] = []
    new = settings(retention={"days": 7}, queue={"ageing": 5, "weights": {"alpha": 2}})
    came = applied(OLD, new, [Reload(("retention",), seen.append)])
    assert came.taken == (("retention", "days"),)
    assert came.waiting == (("queue", "ageing"),)
    assert came.settings.retention.days == 7
    assert came.settings.queue == OLD.queue
    assert seen == [came.settings]
    assert str(came) == "restart to apply queue.ageing"


def test_a_key_of_a_table_is_taken_alone() -> None:
    new = settings(queue={"ageing": 5, "weights": {"beta": 3}}, retention={"days": 3})
    came = applied(OLD, new, [Reload(("queue", "weights"), lambda _: None)])
    assert came.settings.queue.weights == {"beta": 3}
    assert came.settings.queue.ageing == OLD.queue.ageing
    assert came.waiting == (("queue", "ageing"),)
    assert with_key(OLD, new, ("queue",)).queue == new.queue


def test_a_key_of_an_entry_is_taken_alone_and_an_entry_that_is_new_or_gone_waits() -> None:
    null, keys = {"driver": "null"}, ["k" * 40]
    old = settings(controllers={"a": null, "gone": null})
    new = settings(controllers={"a": {**null, "prefetch": 3, "keys": keys}, "new": null})
    rows = [Reload(("controllers", name, "keys"), lambda _: None) for name in ("a", "gone", "new")]
    came = applied(old, new, rows)
    assert came.settings.controllers == {
        "a": parse({"controllers": {"a": {**null, "keys": keys}}}, "x").controllers["a"],
        "gone": old.controllers["gone"],
    }
    assert came.taken == (("controllers", "a", "keys"),)
    assert {key[1] for key in came.waiting} == {"a", "gone", "new"}


def test_who_has_nothing_new_is_not_asked() -> None:
    def take(_: Settings) -> None:
        raise AssertionError

    came = applied(OLD, OLD, [Reload(("retention",), take)])
    assert (came.settings, str(came)) == (OLD, "")


def test_a_refusal_is_told_and_leaves_what_was() -> None:
    def refuse(_: Settings) -> None:
        raise StationError("there is no such key file")

    came = applied(OLD, settings(retention={"days": 7}), [Reload(("retention",), refuse)])
    assert came.settings.retention == OLD.retention
    assert str(came) == (
        "not reloaded: retention: there is no such key file; restart to apply queue.weights.alpha,"
        " queue.weights"
    )


@pytest.mark.anyio
async def test_a_station_takes_what_it_can_and_keeps_its_settings_when_the_file_is_broken(
    tmp_path: Path,
) -> None:
    config = tmp_path / "stationd.toml"
    async with a_bench() as bench:
        station = bench.station
        text = f"""
            [station]
            state = "{station.settings.station.state}"
            runtime = "{station.settings.station.runtime}"
            stop_timeout = 3
            [queue.weights]
            alpha = 4
            [deadlines]
            compilation = 7
            [retention]
            jobs = 5
        """
        config.write_text(text)
        remark = await reload(station, config)
        assert remark.startswith("restart to apply instruments.beat_interval, instruments.grace")
        held = station.settings
        assert (held.station.stop_timeout, held.retention.jobs) == (3, 5)
        assert (held.deadlines.compilation, held.queue.weights) == (7, {"alpha": 4})
        assert set(held.controllers) == {"a", "b", "c", "d", "q"}

        config.write_text(text.replace("jobs = 5", 'jobs = "many"'))
        assert (await reload(station, config)).startswith("not reloaded: ")
        assert station.settings is held
