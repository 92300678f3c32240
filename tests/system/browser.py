"""A real browser without a window, spoken to through two pipes: no library, no port.

The DevTools protocol in as many words as the tests need: JSON messages that end with a NUL.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from tests.system.needs import need_command

PATIENCE: Final = 60.0
"""Seconds after which something that should happen is taken for never happening."""

Json = dict[str, object]


class Message(msgspec.Struct):
    """What the browser says: an answer, or an event."""

    id: int = 0
    method: str = ""
    params: Json = msgspec.field(default_factory=dict[str, object])
    result: Json = msgspec.field(default_factory=dict[str, object])
    error: Json = msgspec.field(default_factory=dict[str, object])


class Browser:
    """Chromium, until it is closed."""

    def __init__(self) -> None:
        command = need_command("chromium", "chromium")
        self._folder = tempfile.mkdtemp(prefix="browser-", dir="/tmp")
        into, self._to = _pipe()
        self._from, out = _pipe()
        # Chromium reads its descriptor 3 and writes to 4.
        shell = f'exec 3<&{into} 4>&{out}; exec "$@"'
        self._process = subprocess.Popen(
            [
                *("bash", "-c", shell, "bash", command, "--headless=new", "--no-sandbox"),
                *("--remote-debugging-pipe", f"--user-data-dir={self._folder}", "--disable-gpu"),
                *("--no-first-run", "--disable-background-networking", "--disable-sync"),
                *("--disable-dev-shm-usage", "--disable-extensions", "about:blank"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(into, out),
        )
        os.close(into)
        os.close(out)
        self._number = 0
        self._unread = b""
        self._events: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._to)
        self._process.kill()
        self._process.wait()
        os.close(self._from)
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, session: str = "", **parameters: object) -> Json:
        """Call a method of the protocol, and return its result."""
        self._number += 1
        message: Json = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).id != self._number:
            self._events.append(answer)
        assert not answer.error, answer
        return answer.result

    def events(self, method: str) -> list[Json]:
        """Return the parameters of all events of a kind that came with answers."""
        return [one.params for one in self._events if one.method == method]

    def _next(self) -> Message:
        while b"\0" not in self._unread:
            more = os.read(self._from, 1 << 20)
            assert more, "the browser has ended"
            self._unread += more
        message, _, self._unread = self._unread.partition(b"\0")
        return msgspec.json.decode(message, type=Message)


def _pipe() -> tuple[int, int]:
    """Make a pipe whose descriptors are not among the first, which the browser's become."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


class Page:
    """A page in a browser."""

    def __init__(self, browser: Browser, width: int, height: int, *, dark: bool) -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = str(attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, address: str) -> None:
        """Go to an address."""
        self._call("Page.navigate", url=address)

    def ask(self, expression: str) -> object:
        """Return what an expression of JavaScript is worth on the page."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return msgspec.convert(answer["result"], Json).get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.ask(expression):
            assert time.monotonic() < deadline, f"never true: {expression}\n{self.text}"
            time.sleep(0.05)

    @property
    def text(self) -> str:
        """All that there is to read."""
        return str(self.ask("document.body.innerText"))

    def complaints(self) -> list[Json]:
        """Return what the browser has found wrong with any page."""
        said = self._browser.events("Log.entryAdded")
        logged = self._browser.events("Runtime.consoleAPICalled")
        thrown = self._browser.events("Runtime.exceptionThrown")
        return [*said, *logged, *thrown]

    def requested(self) -> set[str]:
        """Return all addresses that were asked for anything."""
        sent = self._browser.events("Network.requestWillBeSent")
        return {str(msgspec.convert(one["request"], Json)["url"]) for one in sent}

    def picture(self, file: Path) -> None:
        """Save a picture of the whole page."""
        answer = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(b64decode(str(answer["data"])))

    def _call(self, method: str, **parameters: object) -> Json:
        return self._browser.call(method, self.session, **parameters)


@contextmanager
def browsing(
    address: str, width: int = 1280, height: int = 900, *, dark: bool = False
) -> Generator[Page]:
    """Open a page in a browser of its own."""
    with Browser() as browser:
        page = Page(browser, width, height, dark=dark)
        page.open(address)
        yield page
