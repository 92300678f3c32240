"""What every test gets: the three event loops, a watch for blocked ones, and fixed examples."""

import gc
import signal
from collections.abc import Generator, Iterator

import pytest
from blockbuster import BlockBuster, BlockingError
from blockbuster import blockbuster as blockbuster_module
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# The suite is a gate: of the same code it says the same every time, however slow the machine.
# `pytest --hypothesis-profile search` draws new examples, to look for what nobody has thought of.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("gate")

_every_constant = providers._get_local_constants  # pyright: ignore[reportPrivateUsage]
_NO_CONSTANT = Constants()


def _constants_to_draw() -> Constants:
    """Return the constants of our modules that Hypothesis draws among other numbers and words.

    None in the gate: which modules a worker has imported before it comes to a test is chance, and
    every number that somebody writes anywhere would change what all tests draw.
    """
    return _NO_CONSTANT if settings.get_current_profile_name() == "gate" else _every_constant()


# There is no setting for it.
providers._get_local_constants = _constants_to_draw  # pyright: ignore[reportPrivateUsage]

# What a shell starts in the background ignores Ctrl-C, and so would all that the tests start: some
# of them press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_LONG = {"end_to_end", "simulation"}

Backend = tuple[str, dict[str, bool]]

LOOPS: dict[str, Backend] = {
    "asyncio": ("asyncio", {"debug": False}),
    "uvloop": ("asyncio", {"debug": False, "use_uvloop": True}),
    "trio": ("trio", {}),
}


@pytest.fixture(scope="module", params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    """Each of the event loops that stationd runs on."""
    return LOOPS[request.param]


@pytest.fixture(autouse=True)
def blockbuster(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BlockBuster | None]:
    """Fail an asynchronous test in which stationd's own code blocks the asyncio loop.

    A test that blocks on purpose asks for this fixture and says where:
    ``blockbuster.functions["os.stat"].can_block_in("runtime/work/artifacts.py", "seal")``.
    """
    if "anyio_backend" not in request.fixturenames:
        yield None
        return
    name, _options = request.getfixturevalue("anyio_backend")
    if name != "asyncio":
        yield None
        return

    blocked: list[str] = []

    class Noted(BlockingError):
        """Kept as well as raised, for whoever isolates failures would swallow it."""

        def __init__(self, func: str) -> None:
            super().__init__(func)
            blocked.append(func)

    monkeypatch.setattr(blockbuster_module, "BlockingError", Noted)
    watch = BlockBuster(scanned_modules=["stationd"])
    # A line in the log is short; pytest writes it to a file of its own.
    for writing in ("io.TextIOWrapper.write", "io.BufferedWriter.write"):
        watch.functions[writing].can_block_in("logging/__init__.py", ["emit", "flush"])
    watch.activate()
    try:
        yield watch
    finally:
        watch.deactivate()
    assert not blocked, f"stationd blocked the loop in {', '.join(blocked)}"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, and never among them afterwards.

    All of it is kept to the end, in each of the workers.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--campaigns`."""
    parser.addoption(
        "--campaigns",
        action="store_true",
        help="run what takes too long for the daily suite (make campaigns), and nothing else",
    )


def _is_campaign(item: pytest.Item) -> bool:
    """Return whether a test is left to `make campaigns`.

    A test that starts processes or takes more than a second runs every day on the two loops that
    daemons run on: uvloop and trio.
    """
    on_plain_asyncio = (
        isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and item.callspec.params.get("anyio_backend") == "asyncio"
    )
    slow = item.get_closest_marker("slow") is not None
    return item.get_closest_marker("campaign") is not None or (slow and on_plain_asyncio)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the daily tests or those of the campaigns, the files that take long first.

    One of those at the end is what all others wait for.
    """
    campaigns = config.getoption("campaigns")
    left = [item for item in items if _is_campaign(item) is not campaigns]
    items[:] = [item for item in items if _is_campaign(item) is campaigns]
    config.hook.pytest_deselected(items=left)
    long = {
        item.path
        for item in items
        if item.get_closest_marker("slow") or _LONG.intersection(item.path.parts)
    }
    items.sort(key=lambda item: item.path not in long)
