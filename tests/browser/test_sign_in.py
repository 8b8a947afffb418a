"""Signing in at the OpenID Connect provider in a real browser: front-end, API, provider, API, front-end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from infra.local.demo_accounts import DEMO_PASSWORD
from tests.browser.chromium import Window, open_window
from tests.integration.serving import served
from tests.stack import RunningStack

PAGE = Path(__file__).with_name("front_end.html")
FRONT_END = "localhost:3000"  # an origin that the stack takes for a front-end's; the browser finds it on a free port
EMAIL = "front-desk@riverside.example"


@pytest.fixture
def window(stack: RunningStack, tmp_path: Path) -> Iterator[Window]:
    text = PAGE.read_text().replace("{{API}}", f"{stack.gateway}/api/v1")

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(text)

    with (
        served(Starlette(routes=[Route("/{path:path}", page)])) as front_end,
        open_window(tmp_path / "profile", names={FRONT_END: urlsplit(front_end).netloc}) as opened,
    ):
        opened.go(f"http://{FRONT_END}/")
        opened.until("document.querySelector('form [name=email]') !== null")
        yield opened


def fill_in(window: Window, button: str) -> Any:
    """Use the provider's login page; what the front-end shows in the end."""
    window.value(f"document.querySelector('[name=email]').value = '{EMAIL}'")
    window.value(f"document.querySelector('[name=password]').value = '{DEMO_PASSWORD}'")
    window.value(f"document.querySelector('button[value={button}]').click()")
    window.until("document.title === 'done'")
    return json.loads(window.value("document.querySelector('#outcome').textContent"))


def test_a_person_signs_in_at_the_provider_and_is_known_to_the_api(window: Window, stack: RunningStack) -> None:
    assert window.value("location.origin") == stack.openid
    shown = fill_in(window, "sign-in")
    assert (shown["exchange"], shown["me"]["email"], shown["me"]["role"]) == (200, EMAIL, "front_desk")
    assert shown["cookies"] == ""
    assert shown["address"] == f"http://{FRONT_END}/signed-in"


def test_a_person_who_cancels_is_told_so_by_the_front_end(window: Window) -> None:
    assert fill_in(window, "cancel") == {"error": "access_denied"}
