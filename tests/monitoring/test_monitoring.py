"""Rules, dashboard and run books are about what there is."""

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from stationd.proto.error import ErrorCode
from stationd.proto.guard_requests import GuardState
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.metrics import Metrics
from stationd.runtime.metrics.utilisation import Use

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "monitoring" / "rules.yml").read_text()
RULES_TEST = (ROOT / "monitoring" / "rules_test.yml").read_text()
DASHBOARD = json.loads((ROOT / "monitoring" / "dashboard.json").read_text())
RUN_BOOKS = ROOT / "docs" / "run-books"
SOURCES = "".join(
    path.read_text()
    for room in ("proto", "actors", "runtime")
    for path in (ROOT / room).rglob("*.py")
)
PROMETHEUS_OWN = {"up", "ALERTS"}


def exposed() -> set[str]:
    """The names of all samples that a daemon shows, and of those that the rules record."""
    metrics = Metrics(["qpu"])
    guard = GuardState(
        name="cold", readout="f.t", targets=(), standing="within", since_unix_s=0.0, holds=False,
        value=0.1, read_unix_s=1.0,
    )  # fmt: skip
    metrics.vitals = replace(
        metrics.vitals,
        calibrated_unix_s={"qpu": 1.0},
        expires_unix_s={"qpu": 2.0},
        guards=(guard,),
    )
    samples = {sample.name for family in metrics.with_host().collect() for sample in family.samples}
    return samples | set(re.findall(r"- record: (\S+)", RULES))


def named(expression: str) -> set[str]:
    """The metrics that an expression of PromQL names."""
    words = re.findall(r"(?<![\w:\"$])(?:\w+:)?(?:stationd|process)_[a-z_]+(?::\w+)?", expression)
    return {word for word in words if word not in {"stationd_recorded", "stationd_alerts"}}


def expressions() -> dict[str, str]:
    """What every panel of the dashboard asks, by its title."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    }


def alerts() -> dict[str, str]:
    """The text of every alert, by its name."""
    found = re.split(r"^      - alert: (\w+)\n", RULES, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def test_every_metric_that_the_rules_name_exists() -> None:
    assert len(named(RULES)) > 20
    assert named(RULES) <= exposed()
    assert named(RULES_TEST) <= exposed()


def test_every_metric_that_the_dashboard_names_exists() -> None:
    asked = set[str]().union(*map(named, expressions().values()))
    assert len(asked) > 30
    assert asked <= exposed()
    variables = [one["query"]["query"] for one in DASHBOARD["templating"]["list"][1:]]
    assert set[str]().union(*map(named, variables)) <= exposed()


def test_every_metric_of_the_daemon_is_looked_at_somewhere() -> None:
    looked_at = named(RULES).union(*map(named, expressions().values()))
    for name in exposed():
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        # The info is what the dashboard's variables come from; the sums are for people's questions.
        assert name == "stationd_build_info" or any(one.startswith(family) for one in looked_at)


@pytest.mark.parametrize("text", [RULES, json.dumps(DASHBOARD)], ids=["rules", "dashboard"])
def test_every_value_of_a_label_exists(text: str) -> None:
    values: dict[str, set[str]] = {
        "code": {str(code) for code in ErrorCode},
        "state": {str(use) for use in Use},
        "outcome": {str(status) for status in JobExecutorStatus},
        "status": {str(status) for status in JobExecutorStatus},
    }
    for label, wanted in re.findall(r'\b(code|state|outcome|status)=~?\\?"([\w|]+)\\?"', text):
        assert set(wanted.split("|")) <= values[label]


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_says_how_bad_it_is_what_it_means_and_what_to_do(alert: str) -> None:
    text = alerts()[alert]
    severity = re.search(r"severity: (\w+)", text)
    assert severity is not None
    assert severity[1] in {"critical", "warning", "none"}
    assert "summary: " in text
    assert "description: " in text
    book = re.search(r"runbook_url: (\S+)", text)
    assert book is not None
    page = (ROOT / book[1]).read_text()
    assert re.match(rf"# .*\b{alert}\b", page)
    for heading in ("Look", "Do", "It clears"):
        assert f"\n## {heading}\n" in page


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_is_tried(alert: str) -> None:
    tried = re.findall(rf"alertname: {alert}\n( +exp_alerts)?", RULES_TEST)
    assert any(tried), "no case in which it fires"
    assert alert == "Watchdog" or not all(tried), "no case in which it does not"


def test_every_run_book_belongs_to_an_alert() -> None:
    books = {path.stem for path in RUN_BOOKS.glob("*.md")} - {"index"}
    assert books == set(re.findall(r"runbook_url: docs/run-books/(\S+)\.md", RULES))


def test_the_run_book_of_failed_jobs_has_every_code_that_its_alert_is_about() -> None:
    codes = re.search(r'stationd_jobs_failed_total\{code=~"([a-z_|]+)"', RULES)
    assert codes is not None
    book = (RUN_BOOKS / "jobs-fail.md").read_text()
    for code in codes[1].split("|"):
        assert re.search(rf"^\|[^|]*`{code}`", book, re.MULTILINE), code


SYSTEMD_SAYS = {"Main process exited", "Watchdog timeout", "Scheduled restart", "OOM"}


@pytest.mark.parametrize("book", sorted(RUN_BOOKS.glob("*.md")), ids=lambda book: book.stem)
def test_what_a_run_book_looks_for_in_the_log_is_written_there(book: Path) -> None:
    looked_for = re.findall(r"journalctl -u stationd .*-g '([^']+)'", book.read_text())
    for words in "|".join(looked_for).replace("qpu", "%s").split("|"):
        assert words in SYSTEMD_SAYS or words in SOURCES, words


def test_the_dashboard_can_be_provisioned_anywhere() -> None:
    assert DASHBOARD["uid"] == "stationd"
    assert "id" not in DASHBOARD
    assert DASHBOARD["templating"]["list"][0]["type"] == "datasource"
    for panel in DASHBOARD["panels"]:
        assert "id" not in panel
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"


def test_rates_follow_the_interval_of_the_scrapes() -> None:
    for expression in expressions().values():
        for window in re.findall(r"(?<!\w)rate\([^\[]*\[([^\]]*)\]", expression):
            assert window == "$__rate_interval"


def test_panels_stand_beside_one_another_and_not_on_top() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
