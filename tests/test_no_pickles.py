"""Nothing is unpickled: whoever can send a pickle runs what they like.

ruff forbids the modules by their names; a method of a socket has none that it could see.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("proto", "actors", "runtime", "client", "src/stationd/aio", "benchmarks", "examples")
METHODS = {"recv_pyobj", "send_pyobj", "recv_serialized", "read_pickle", "to_pickle"}
MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "shelve", "marshal", "jsonpickle"}


def offences(source: str) -> Iterator[str]:
    """Yield what a module uses that reads pickles, or makes them."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) if name in METHODS:
                yield name
            case ast.Import(names=names):
                yield from (one.name for one in names if one.name.split(".")[0] in MODULES)
            case ast.ImportFrom(module=str(name)) if name.split(".")[0] in MODULES:
                yield name
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                yield "allow_pickle"
            case _:
                pass


def test_no_module_reads_or_makes_pickles() -> None:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 200
    found = {str(file): list(offences(file.read_text(encoding="utf-8"))) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "socket.recv_pyobj()",
        "import pickle",
        "import pickle as p",
        "from pickle import loads",
        "import cloudpickle.compat",
        "numpy.load(file, allow_pickle=True)",
    ],
)
def test_an_offence_is_found(source: str) -> None:
    assert list(offences(source))
