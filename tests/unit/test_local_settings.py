"""What functions are told by the one-machine stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.parts import base_environment, function_environment
from infra.local.settings import DEFAULT_PORTS, ROOT, StackSettings


def test_functions_alone_are_given_the_model_of_who_starts_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = StackSettings(directory=tmp_path, ports=dict.fromkeys(DEFAULT_PORTS, 1), catalog_root=ROOT)
    for name in ("MODEL", "API_KEY", "URL"):
        monkeypatch.setenv(f"MOBIUS_GEMINI_{name}", name.lower())
    monkeypatch.setenv("MOBIUS_CLEARINGHOUSE_URL", "https://stray.example")
    given = function_environment(settings, {})
    assert [given[f"MOBIUS_GEMINI_{name}"] for name in ("MODEL", "API_KEY", "URL")] == ["model", "api_key", "url"]
    assert "MOBIUS_CLEARINGHOUSE_URL" not in given
    assert not [name for name in base_environment() if "GEMINI" in name]
