"""What the page for authors of drivers shows can be run as it stands."""

import re
from pathlib import Path

import pytest

from stationd.actors.driver import SettingsDriver

README = Path(__file__).parent.parent.parent / "actors" / "README.md"


@pytest.mark.skipif(not README.exists(), reason="looks at a checkout")
def test_the_example_is_a_driver() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    made = names["Thermometer"]
    assert isinstance(made, type)
    assert issubclass(made, SettingsDriver)
    driver = made(address="here")
    assert [readout.name for readout in driver.describe().readouts] == ["temperature"]
    assert driver.read("temperature") == 4.2
