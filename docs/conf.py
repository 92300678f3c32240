"""How Sphinx makes the pages: `make docs`."""

from __future__ import annotations

import inspect
import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docutils.nodes import Text
from sphinx.addnodes import desc_annotation, pending_xref

from stationd import jobs
from stationd.aio import jobs as aio_jobs

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx

DOCS: Final = Path(__file__).parent

project = "stationd"
version = release = version_of(project)
project_copyright = "The stationd authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
highlight_language = "text"
# A name in backticks leads to what it names, if it is in the reference.
default_role = "py:obj"

python_maximum_signature_line_length = 88
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": True}
python_use_unqualified_type_names = True
add_module_names = False

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False
html_copy_source = False

_LINK: Final = re.compile(r"\[([^\]]+)\]\((\.\./[^)]+)\)")
_BOUNDS: Final = re.compile(
    r"Annotated\[((?:(?!Annotated\[).)+?), (?:\w+\.)*Meta\((?:[^()']|'[^']*')*\)\]"
)


def without_links_out(text: str, page: Path) -> str:
    """Replace links to files beside the documentation, which stay in the checkout, by names."""

    def name(link: re.Match[str]) -> str:
        words, target = link.groups()
        file = (page.parent / target.partition("#")[0]).resolve()
        if file.is_relative_to(DOCS):
            return link[0]
        path = file.relative_to(DOCS.parent)
        return f"`{path}`" if words.strip("`") == str(path) else f"{words} (`{path}`)"

    return _LINK.sub(name, text)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = without_links_out(source[0], Path(app.env.doc2path(docname)))


def explain(
    _app: Sphinx, _what: str, name: str, obj: object, _options: object, lines: list[str]
) -> None:
    """Let synchronous functions have the documentation of their asynchronous twins."""
    twin = getattr(aio_jobs, name.rpartition(".")[2], None)
    if twin is not None and getattr(jobs, name.rpartition(".")[2], None) is obj:
        lines[:] = (inspect.getdoc(twin) or "").splitlines()


def _plain(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: object, *parts: str | None
) -> tuple[str | None, ...]:
    # A default that is made anew each time has no text that Python could read.
    return tuple(
        without_bounds(part).replace("<factory>", "...") if part else part for part in parts
    )


def _plain_attributes(_app: Sphinx, page: document, _docname: str) -> None:
    for annotation in page.findall(desc_annotation):
        text = annotation.astext()
        if "Annotated[" in text:
            annotation.children = []
            annotation.append(Text(without_bounds(text)))


def _leave_builtins(_app: Sphinx, page: document) -> None:
    # `type[...]` in a signature is Python's own, and not the attribute of one of our classes.
    for reference in list(page.findall(pending_xref)):
        if reference["reftarget"] == "type":
            reference.replace_self(Text("type"))


def without_bounds(text: str) -> str:
    """Leave the bounds of numbers and texts out of a type, the innermost first."""
    while text != (text := _BOUNDS.sub(r"\1", text)):
        pass
    return text


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-signature", _plain)
    app.connect("doctree-read", _leave_builtins)
    app.connect("doctree-resolved", _plain_attributes)
    # Before napoleon, which reads the sections.
    app.connect("autodoc-process-docstring", explain, priority=400)
