"""What pages name exists: commands and their options, functions, metrics, configurations."""

import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import stationd
from stationd import jobs
from stationd.client.stationctl.cli import main as stationctl
from stationd.runtime.cli import main as stationd_command
from stationd.runtime.metrics import Metrics
from stationd.runtime.settings import load
from tests.pages import PAGES, ROOT, blocks

DOCS = ROOT / "docs"
PROGRAMS: dict[str, click.Command] = {"stationctl": stationctl, "stationd": stationd_command}
INDENTED = re.compile(r"^    (.*)$", re.MULTILINE)
INLINE = re.compile(r"`((?:stationctl|stationd|make) [^`\n]+)`")
TYPED = re.compile(r"(?:^|[;&|] ?|=\S+ |bin/)(stationctl|stationd|make) ([^;&|)<>\n]*)")
INNER = re.compile(r"\$\(([^)]*)\)")
SHELL = {"console", "bash", "sh", ""}


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the programs that a page says to call, and with which words."""
    text = page.read_text(encoding="utf-8")
    parts = [block.text for block in blocks(text) if block.language in SHELL]
    code = [line for part in parts for line in part.splitlines()] + INDENTED.findall(text)
    lines = [
        line.lstrip("$# ") for line in code if re.match(r"[$#] |make |stationd |.*=\S+ ", line)
    ]
    lines += INLINE.findall(text)
    inner = [one for line in lines for one in INNER.findall(line)]
    for line in [*lines, *inner]:
        for program, words in TYPED.findall(INNER.sub("JOB", line)):
            yield program, shlex.split(words.partition("  ")[0], comments=True)


def refusal(command: click.Command, words: list[str]) -> str:
    """Return what a program says against words; empty if it takes them."""
    context = click.Context(command, **command.context_settings)
    try:
        _, rest, _ = command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    if not isinstance(command, click.Group) or not rest:
        return ""
    inner = command.get_command(context, rest[0])
    if inner is None:
        return "" if rest[0].isupper() else f"there is no command {rest[0]!r}"
    return refusal(inner, rest[1:])


RUN = {"python", "console"}
CHECKED = {"toml"}
SHOWN = {"text", "promql", "{toctree}", "{eval-rst}"}
SHELL_LINE = re.compile(
    r"^(?:\$ |    (?:[$#] |(?:make|pip|python3?|stationctl|stationd|systemctl) ))", re.MULTILINE
)


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))], ids=relative)
def test_every_block_of_code_is_run_or_checked_or_says_why_not(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in blocks(text):
        # The demo's output is compared with a real run by tests/test_readme.py.
        known = block.language in RUN | CHECKED | SHOWN or block.mark in {"output", "demo"}
        assert known or block.is_shown_only, f"{block.line}: {block.language}"
    assert not SHELL_LINE.findall(outside_of_blocks(text))


def outside_of_blocks(page: str) -> str:
    """Return what is no fenced block, and no item of a list that goes on."""
    return "".join(re.split(r"^`{3,}.*?^`{3,}$", page, flags=re.MULTILINE | re.DOTALL))


TARGETS = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_that_a_page_types_takes_its_words(page: Path) -> None:
    for program, words in typed(page):
        if program == "make":
            targets = [word for word in words if word.isalpha() and word.islower()]
            assert set(targets) <= TARGETS, words
        else:
            assert not refusal(PROGRAMS[program], words), [program, *words]


def test_commands_are_found_on_pages() -> None:
    found = {program for page in PAGES for program, _ in typed(page)}
    assert found == {"stationctl", "stationd", "make"}


def test_a_command_that_does_not_exist_is_refused() -> None:
    assert refusal(stationctl, ["projects", "list", "--archived"]) == ""
    assert refusal(stationctl, ["projects", "lost"]) == "there is no command 'lost'"
    assert "--lost" in refusal(stationctl, ["projects", "list", "--lost"])


def references() -> set[str]:
    """The names that the reference documents."""
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("reference/*.md"))
    return set(re.findall(r"^\.\. auto(?:function|class|exception):: (\S+)$", text, re.MULTILINE))


def test_the_reference_has_every_function_of_the_jobs_api() -> None:
    # References and results are classes of the package itself.
    mine = {f"stationd.jobs.{name}" for name in jobs.__all__} - {"stationd.jobs.projects"}
    package = {f"stationd.jobs.{name}" for name in stationd.__all__ if name[0].isupper()}
    assert mine - references() <= package
    assert {f"stationd.jobs.projects.{name}" for name in jobs.projects.__all__} <= references()


def test_the_reference_has_every_name_of_the_package() -> None:
    modules = {"__version__", "aio", "jobs"}
    in_jobs = {"JobSearch", "using_project", "using_properties"}
    wanted = {f"stationd.{name}" for name in set(stationd.__all__) - modules - in_jobs}
    assert wanted <= references()


@pytest.mark.parametrize("name", sorted(references()))
def test_what_the_reference_documents_exists(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert getattr(_found(module), attribute).__doc__


def _found(module: str) -> object:
    return jobs.projects if module == "stationd.jobs.projects" else importlib.import_module(module)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_function_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.name.startswith("coming-from"):
        # What stands in the first column is the other client's.
        text = re.sub(r"^\|[^|]*\|", "|", text, flags=re.MULTILINE)
    for name in re.findall(r"`(?:stationd\.)?jobs\.(?!py`|sock`)([a-z_]+)", text):
        assert name in jobs.__all__, name
    for name in re.findall(r"`stationd\.([a-z_]+)\(", text):
        assert name in stationd.__all__, name


QNEXUS = """
    jobs.get_all get wait_for status results retry_submission cancel delete compile execute cost
    cost_confidence runtime_traces start_compile_job start_execute_job listen_job_status
    projects.create get_or_create add_property get_properties summarize update login logout
    save load
    using_project using_properties using_scope set_active_project deactivate_project results.get
    devices.get_all devices.status download_result get_input get_output download_backend_info
    get_passes
"""
IQM = """
    from_url submit_circuits create_circuit_job_definition submit_circuit_job get_job cancel_job
    delete_job get_job_measurements get_job_measurement_counts get_static_quantum_architecture
    get_dynamic_quantum_architecture get_quality_metric_set get_calibration_set get_health get_about
    get_feedback_groups get_calibration_quality_metrics quantum_computer_name get_standard_compiler
    submit_playlist get_chip_label get_chip_topology get_calibration_set_stash
    job_id status update cancel payload wait_for_completion find_timeline_entry errors result
    result_counts result_exa result_sweep
    get_experiment_configuration get_or_create_software_version_set get_dut_label
    get_chip_design_record get_channel_properties get_settings submit_job get_job_payload
    get_artifact_sweep_results get_artifact_measurements get_artifact_measurement_counts get_run
    query_runs create_observations query_observations update_observations query_observation_sets
    create_observation_set get_observation_set update_observation_set finalize_observation_set
    get_observation_set_observations get_calibration_set_quality_metric_set get_dut_fields
    query_sequence_metadatas create_sequence_metadata save_sequence_result get_sequence_result
"""
"""The public functions of the clients in the versions that the pages name."""


@pytest.mark.parametrize(
    ("page", "functions"), [("coming-from-qnexus.md", QNEXUS), ("coming-from-iqm-client.md", IQM)]
)
def test_every_function_of_the_other_client_stands_in_a_table(page: str, functions: str) -> None:
    rows = re.findall(r"^\|([^|]*)\|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[\w.]+", row)}
    named |= {name.rpartition(".")[2] for name in named}
    assert set(functions.split()) <= named


def test_every_metric_that_a_page_names_exists() -> None:
    names = {family.name for family in Metrics(["qpu"]).with_host().collect()}
    for page in [*DOCS.glob("**/*.md"), ROOT / "systemd" / "README.md"]:
        for name in re.findall(r"\b(stationd_[a-z_]+[a-z])\b", page.read_text(encoding="utf-8")):
            assert re.sub(r"_(total|bucket|sum|count)$", "", name) in names, f"{page.name}: {name}"


STATION = '[station]\nname = "test"\nstate = "/tmp/page"\nruntime = "/tmp/page"\n'


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.md")), ids=relative)
def test_every_configuration_that_a_page_shows_is_one(page: Path, tmp_path: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "toml":
            tomllib.loads(block.text)
            file = tmp_path / "station.toml"
            file.write_text(block.text if "[station]" in block.text else STATION + block.text)
            load(file)
