"""The page itself, and under which name it is shown.

Rule 1. Nothing comes from outside: one file, whose own style and script are the only ones that a
        browser takes, by their hashes.
Rule 2. It names jobs and people, so it is shown under names alone that no page from elsewhere can
        let point here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from stationd.runtime.metrics.serving import Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.runtime.status_page.board import Board

PATIENCE: Final = 4.0
"""Seconds in which the loop should have made a snapshot."""
_INLINE: Final = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
_HOST: Final = re.compile(r"^(?P<name>\[[0-9a-fA-F:]+\]|[^:]*)(:\d+)?\Z")
_FOR_ITSELF: Final = (
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
_BUSY: Final = b"the daemon is too busy to say\n"
_UNDER_A_WRONG_NAME: Final = Answer(
    b"ask for the status page by the host's address, or as localhost\n",
    status=HTTPStatus.FORBIDDEN,
)


def pages(board: Board) -> dict[str, Callable[[Asked], Answer]]:
    """Return what the daemon's web server answers with, by path.

    Args:
        board: Has the newest snapshot.
    """
    html = (files("stationd.runtime.status_page") / "page.html").read_text(encoding="utf-8")
    shown = Answer(
        html.encode(),
        "text/html; charset=utf-8",
        headers=(
            ("Content-Security-Policy", policy(html)),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            *_FOR_ITSELF,
        ),
    )

    def page(_asked: Asked) -> Answer:
        return shown

    def status(_asked: Asked) -> Answer:
        snapshot = board.read(PATIENCE)
        if snapshot is None:
            return Answer(_BUSY, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer(snapshot, "application/json", headers=_FOR_ITSELF)

    return {"/": partial(_guarded, page), "/status.json": partial(_guarded, status)}


def policy(html: str) -> str:
    """Return the policy under which a browser shows the page: its own style and script, no more."""
    allowed = {"style": "", "script": ""}
    for kind, text in _INLINE.findall(html):
        allowed[kind] += f" 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
    return (
        f"default-src 'none'; style-src{allowed['style']}; script-src{allowed['script']};"
        " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )


def _guarded(page: Callable[[Asked], Answer], asked: Asked) -> Answer:
    return page(asked) if is_own_name(asked.host) else _UNDER_A_WRONG_NAME


def is_own_name(host: str) -> bool:
    """Return whether a name is one that only a user types: an address, or localhost.

    A page from elsewhere can let its own name point here, and would then be taken for ours.
    """
    found = _HOST.match(host)
    name = "" if found is None else found["name"].strip("[]")
    if name == "localhost":
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
