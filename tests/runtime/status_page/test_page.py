"""The page, and under which name it is shown."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from http import HTTPStatus
from importlib.resources import files

import pytest

from stationd.runtime.metrics.serving import Asked
from stationd.runtime.status_page.board import Board
from stationd.runtime.status_page.page import is_own_name, pages, policy

HTML = (files("stationd.runtime.status_page") / "page.html").read_text(encoding="utf-8")


def asked(host: str = "127.0.0.1:9555") -> Asked:
    return Asked("127.0.0.1", host, "*/*")


def test_the_page_is_shown_with_a_policy_that_lets_nothing_else_in() -> None:
    answer = pages(Board())["/"](asked())
    assert answer.kind == "text/html; charset=utf-8"
    assert answer.body == HTML.encode()
    rules = dict(answer.headers)["Content-Security-Policy"]
    assert rules.startswith("default-src 'none'; ")
    assert "unsafe" not in rules
    for kind in ("style", "script"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", HTML, re.DOTALL)
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in rules


def test_another_script_would_have_another_policy() -> None:
    assert policy(HTML) != policy(HTML.replace("use strict", "use strict "))


class Outside(HTMLParser):
    """Finds what would be fetched, or run, besides the page's own style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            fetches = name in {"src", "href", "srcset", "action"}
            runs = name.startswith("on") or name == "style"
            if runs or (fetches and not (value or "").startswith("data:")):
                self.found.append((tag, name, value or ""))


def test_the_page_needs_nothing_from_outside() -> None:
    outside = Outside()
    outside.feed(HTML)
    assert outside.found == []
    assert "http://" not in HTML.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in HTML


def test_nothing_of_a_snapshot_is_read_as_markup() -> None:
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in HTML


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9555", "127.0.0.1:9555", "[::1]:9555", "192.168.3.4:9555"]
)
def test_names_that_only_a_user_types_are_its_own(host: str) -> None:
    assert is_own_name(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:9555", "localhost.evil.example", "127.0.0.1.evil.de"]
)
def test_a_page_from_elsewhere_cannot_point_its_name_here(host: str) -> None:
    assert not is_own_name(host)
    shown = pages(Board())
    for path in ("/", "/status.json"):
        assert shown[path](asked(host)).status is HTTPStatus.FORBIDDEN


def test_the_newest_snapshot_is_given_and_stored_nowhere() -> None:
    board = Board()
    board.hang_out(b"{}")
    answer = pages(board)["/status.json"](asked())
    assert (answer.body, answer.kind) == (b"{}", "application/json")
    assert dict(answer.headers)["Cache-Control"] == "no-store"


def test_a_loop_that_is_too_busy_is_no_reason_to_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stationd.runtime.status_page.page.PATIENCE", 0.0)
    answer = pages(Board())["/status.json"](asked())
    assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE
