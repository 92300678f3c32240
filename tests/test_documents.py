"""docs/configuration.md and docs/metrics.md say what the code says."""

import importlib
import inspect
import json
import re
from pathlib import Path

import msgspec
import pytest
from msgspec.inspect import DictType, StructType, type_info

from stationd.actors.drivers.built_in import BUILT_IN
from stationd.proto.guard_requests import GuardState
from stationd.runtime.limits.quotas import Use
from stationd.runtime.metrics import Metrics
from stationd.runtime.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"

NOT_THERE = "required"


def tables(document: str) -> dict[str, list[list[str]]]:
    """The rows of every table, as cells, by the heading above it."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in (DOCS / document).read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| `"):
            cells = line.split("|")[1:-1]
            found.setdefault(heading, []).append([cell.strip() for cell in cells])
    return found


def plain(cell: str) -> str:
    return cell.strip("`")


def toml(value: object) -> str:
    """A value as TOML; JSON writes those that occur here in the same way."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)  # a tuple is a list to JSON


def sections() -> dict[str, type[msgspec.Struct]]:
    """The types of all tables of the configuration, by the heading that describes them."""
    found: dict[str, type[msgspec.Struct]] = {}
    settings = type_info(Settings)
    assert isinstance(settings, StructType)
    for field in settings.fields:
        many = isinstance(field.type, DictType)
        section = field.type.value_type if isinstance(field.type, DictType) else field.type
        assert isinstance(section, StructType)
        found[f"{field.name}.NAME" if many else field.name] = section.cls
    return found


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return NOT_THERE
    if field.default is not msgspec.NODEFAULT:
        return toml(field.default)
    assert callable(field.default_factory)
    return toml(field.default_factory())


@pytest.mark.parametrize("heading", sections())
def test_every_key_of_the_configuration_is_described_with_its_default(heading: str) -> None:
    described = {plain(row[0]): plain(row[2]) for row in tables("configuration.md")[heading]}
    fields = msgspec.structs.fields(sections()[heading])
    assert {field.name: default(field) for field in fields} == described


@pytest.mark.parametrize("driver", BUILT_IN)
def test_every_option_of_a_built_in_driver_is_described_with_its_default(driver: str) -> None:
    described = {plain(row[0]): plain(row[2]) for row in tables("configuration.md")[driver]}
    module, _, name = BUILT_IN[driver].partition(":")
    constructor = getattr(importlib.import_module(module), name)
    defaults = {
        one.name: NOT_THERE
        if one.default is one.empty
        else "none"
        if one.default is None
        else toml(one.default)
        for one in inspect.signature(constructor).parameters.values()
    }
    assert defaults == described


def test_every_heading_of_the_configuration_is_about_something_that_exists() -> None:
    assert set(tables("configuration.md")) == {*sections(), *BUILT_IN}


def families() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of every metric of a station, by the name that a query uses."""
    metrics = Metrics(["qpu"])
    guard = GuardState(
        name="cold", readout="f.t", targets=(), standing="within", since_unix_s=0.0, holds=False,
        value=0.1, read_unix_s=1.0,
    )  # fmt: skip
    metrics.vitals = msgspec.structs.replace(
        metrics.vitals,
        calibrated_unix_s={"qpu": 1.0},
        expires_unix_s={"qpu": 2.0},
        guards=(guard,),
        projects=(Use("t1", 1, 2),),
    )
    return {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in metrics.with_host().collect()
    }


def test_every_metric_is_described_with_its_type_and_labels() -> None:
    described = {
        plain(name): (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in tables("metrics.md")["Metrics"]
    }
    assert families() == described
