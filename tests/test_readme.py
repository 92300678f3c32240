"""README.md says what is true."""

import re
from pathlib import Path

from stationd.proto.status import JobExecutorStatus
from stationd.runtime.settings import load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(mark: str) -> str:
    """The fenced block that follows a mark."""
    found = re.search(rf"<!-- {mark} -->\n```\w*\n(.*?)```", README, flags=re.DOTALL)
    assert found is not None, f"README.md has no block {mark}"
    return found[1]


def test_the_example_talks_to_the_example_station() -> None:
    settings = load(ROOT / "examples" / "stationd.toml")
    assert settings.api_endpoints[0] in block("example")
    assert f"STATIOND_ENDPOINT={settings.api_endpoints[0]} " in README


def test_the_ladder_has_every_rung_in_order() -> None:
    (ladder,) = re.findall(r"<!-- ladder -->(.*?)<!-- /ladder -->", README, flags=re.DOTALL)
    assert re.findall(r"\b[A-Z_]{5,}\b", ladder) == list(JobExecutorStatus.__members__)


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "systemd" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 160
