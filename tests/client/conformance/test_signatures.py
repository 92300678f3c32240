"""The functions of Nexus' jobs API are here, and their parameters by name."""

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from stationd import RemoteRetryStrategy, StatusEnum, aio, jobs

_FILTERS: Final = (
    "name_like creator_email project properties job_status job_type created_before created_after"
    " modified_before modified_after sort_filters page_number page_size scope"
)
SOURCE: Final[dict[str, str]] = {
    "cancel": "job scope",
    "compile": "programs backend_config name description project properties optimisation_level"
    " credential_name user_group hypertket_config timeout",
    "cost": "job",
    "cost_confidence": "job",
    "delete": "job scope",
    "execute": "programs n_shots backend_config name description properties project valid_check"
    " language credential_name wasm_module gpu_decoder_config user_group timeout",
    "get": f"id {_FILTERS}",
    "get_all": f"{_FILTERS} name_exact",
    "listen_job_status": "job wait_for_status",
    "results": "job allow_incomplete scope",
    "retry_submission": "job retry_status remote_retry_strategy user_group",
    "runtime_traces": "job",
    "start_compile_job": "programs backend_config name description project properties"
    " optimisation_level credential_name user_group hypertket_config skip_intermediate_circuits",
    "start_execute_job": "programs n_shots backend_config name description properties project"
    " valid_check language credential_name wasm_module gpu_decoder_config user_group target_region"
    " max_cost n_qubits",
    "status": "job scope",
    "wait_for": "job wait_for_status timeout strategy",
}
"""The functions of all releases, as far as they are known, and their parameters."""

FUNCTIONS_NOT_HERE: Final[dict[str, str]] = {
    "cost": "nobody pays",
    "cost_confidence": "nobody pays",
    "runtime_traces": "a job's timeline has them: view",
}
PARAMETERS_NOT_HERE: Final[dict[str, str]] = {
    "backend_config": "target names the QPU, and the other settings stand beside it",
    "credential_name": "there are no third parties",
    "gpu_decoder_config": "a program is OpenQASM",
    "hypertket_config": "the compiler is the station's own",
    "language": "a program is OpenQASM",
    "max_cost": "nobody pays",
    "n_qubits": "the program says it",
    "skip_intermediate_circuits": "none are kept",
    "strategy": "nothing is polled, so there is nothing to choose",
    "target_region": "a station stands where it stands",
    "valid_check": "every job is checked",
    "wasm_module": "a program is OpenQASM",
}
NOT_THERE: Final[dict[tuple[str, str], str]] = {
    ("cancel", "scope"): "the user's role decides",
    ("delete", "scope"): "the user's role decides",
    ("results", "scope"): "everybody may look",
    ("status", "scope"): "everybody may look",
    ("compile", "user_group"): "there are no groups of users",
    ("execute", "user_group"): "there are no groups of users",
    ("start_compile_job", "user_group"): "there are no groups of users",
    ("start_execute_job", "user_group"): "there are no groups of users",
}
"""Parameters that some functions have, and these have not."""
DEFAULTS: Final[dict[tuple[str, str], object]] = {
    ("get", "created_after"): datetime(2023, 1, 1, tzinfo=UTC),
    ("get_all", "created_after"): datetime(2023, 1, 1, tzinfo=UTC),
    ("listen_job_status", "wait_for_status"): StatusEnum.COMPLETED,
    ("results", "allow_incomplete"): False,
    ("retry_submission", "remote_retry_strategy"): RemoteRetryStrategy.DEFAULT,
    ("wait_for", "timeout"): 300.0,
    ("wait_for", "wait_for_status"): StatusEnum.COMPLETED,
}
"""Those that are not None, of the functions that were documented with them."""

ORDERED: Final = (
    "cancel",
    "delete",
    "listen_job_status",
    "results",
    "retry_submission",
    "status",
    "wait_for",
)
"""Those that take some of their parameters by position."""

PAGE: Final = Path(__file__).parents[3] / "docs" / "coming-from-qnexus.md"

both_modules = pytest.mark.parametrize("module", [jobs, aio.jobs], ids=["sync", "aio"])
every_function = pytest.mark.parametrize("name", sorted(SOURCE.keys() - FUNCTIONS_NOT_HERE))


def parameters(module: ModuleType, name: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(getattr(module, name)).parameters)


@both_modules
@every_function
def test_a_function_has_the_parameters_of_its_model_by_name(module: ModuleType, name: str) -> None:
    ours = parameters(module, name)
    kinds = {each.kind for each in ours.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    missing = SOURCE[name].split() - ours.keys() - PARAMETERS_NOT_HERE.keys()
    assert missing == {parameter for function, parameter in NOT_THERE if function == name}


@both_modules
@pytest.mark.parametrize("name", ORDERED)
def test_the_order_is_that_of_the_model(module: ModuleType, name: str) -> None:
    absent = {parameter for function, parameter in NOT_THERE if function == name}
    absent |= PARAMETERS_NOT_HERE.keys()
    known = [each for each in SOURCE[name].split() if each not in absent]
    assert list(parameters(module, name)) == known


@both_modules
@pytest.mark.parametrize("name", ["get", "get_all", "listen_job_status", "results", "wait_for"])
def test_the_defaults_are_those_of_the_model(module: ModuleType, name: str) -> None:
    for parameter in SOURCE[name].split():
        given = parameters(module, name).get(parameter)
        if given is not None and parameter != "job":
            assert given.default == DEFAULTS.get((name, parameter)), parameter


def test_what_is_not_here_is_really_not_here() -> None:
    for module in (jobs, aio.jobs):
        assert not FUNCTIONS_NOT_HERE.keys() & set(module.__all__)
        for name in SOURCE.keys() - FUNCTIONS_NOT_HERE:
            assert not parameters(module, name).keys() & PARAMETERS_NOT_HERE.keys()


def test_the_page_for_newcomers_names_every_function_and_every_parameter_that_is_missing() -> None:
    functions, _, rest = PAGE.read_text().partition("### Parameters that are not here")
    words = set(re.findall(r"\w+", functions))
    assert not SOURCE.keys() - words
    rows = [row for row in rest.partition("## Enums")[0].splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == {*PARAMETERS_NOT_HERE, *(parameter for _, parameter in NOT_THERE)}
