"""docs/conf.py: what Sphinx reads is what the pages and the docstrings say."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def conf() -> SimpleNamespace:
    pytest.importorskip("sphinx", reason="it is in the dependency group `docs`")
    return SimpleNamespace(**runpy.run_path(str(DOCS / "conf.py")))


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[the queue](queue.md#settings)", "[the queue](queue.md#settings)"),
        ("[up](../tutorial.md)", "[up](../tutorial.md)"),
        ("[an example](../../examples/bell.qasm)", "an example (`examples/bell.qasm`)"),
        ("[systemd/README.md](../../systemd/README.md)", "`systemd/README.md`"),
    ],
)
def test_links_out_of_the_documentation_become_names(
    conf: SimpleNamespace, link: str, shown: str
) -> None:
    assert conf.without_links_out(link, DOCS / "how-to" / "queue.md") == shown


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        ("int | None", "int | None"),
        ("Annotated[str, msgspec.Meta(pattern='^(a|b)$')]", "str"),
        ("tuple[Annotated[int, Meta(ge=0, le=3)], ...]", "tuple[int, ...]"),
        (
            "Annotated[tuple[Annotated[str, msgspec.Meta(max_length=9)], ...], Meta(min_length=1)]",
            "tuple[str, ...]",
        ),
    ],
)
def test_bounds_are_left_out_of_types(conf: SimpleNamespace, annotation: str, shown: str) -> None:
    assert conf.without_bounds(annotation) == shown


def test_a_synchronous_function_is_explained_as_its_twin(conf: SimpleNamespace) -> None:
    lines = ["Return the jobs that match; nothing is fetched before it is needed."]
    conf.explain(None, "function", "stationd.jobs.get_all", conf.jobs.get_all, None, lines)
    assert "Args:" in lines


def test_a_class_keeps_its_own_words(conf: SimpleNamespace) -> None:
    lines = ["The jobs that match a search."]
    conf.explain(None, "class", "stationd.JobStatus", conf.jobs.JobSearch, None, lines)
    assert lines == ["The jobs that match a search."]
