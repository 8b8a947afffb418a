"""The documentation page in a real browser without any network beyond the stack."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Page, open_page
from tests.stack import RunningStack


@pytest.fixture(scope="module")
def described(stack: RunningStack) -> Any:
    """The API's description as it is served."""
    with urllib.request.urlopen(f"{stack.gateway}/api/v1/openapi.json", timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def page(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return open_page(f"{stack.gateway}/api/v1/docs", Path(tmp_path_factory.mktemp("profile")))


def test_the_page_shows_every_operation(page: Page, described: Any) -> None:
    shown = set(re.findall(r'id="operations-(?!tag-)[\w-]+?-(\w+)"', page.document))
    listed = {operation["operationId"] for path in described["paths"].values() for operation in path.values()}
    assert shown == listed


def test_the_page_shows_paths_and_what_they_are_for(page: Page) -> None:
    text = re.sub(r"<[^>]+>|\u200b", "", page.document)
    assert "Mobius OS" in text
    assert "/api/v1/modes/eligibility/quick-action" in text
    assert "Unable to render" not in text


def test_nothing_was_blocked_missing_or_thrown(page: Page) -> None:
    assert page.console == ()


def test_the_page_loads_from_the_stack_alone(page: Page) -> None:
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.document)
    assert loaded
    outside = [address for address in loaded if re.match(r"(?:https?:)?//", address)]
    assert [address for address in outside if re.search(r"\.(?:js|css|png|svg|woff2?)(?:$|\?)", address)] == []
