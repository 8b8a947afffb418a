"""The local OpenID Connect provider, and how the functions know it: as the sign-in provider `local`."""

from __future__ import annotations

import json
from pathlib import Path

from infra.local.demo_accounts import ACCOUNTS, DEMO_PASSWORD
from infra.local.emulators import find_node
from infra.local.settings import FRONT_ENDS, HOST, StackSettings

NAME, CLIENT_ID = "local", "mobius-os"
REDIRECTS = tuple(f"{front_end}/signed-in" for front_end in FRONT_ENDS)


def command(settings: StackSettings) -> list[str]:
    """The provider's program. Raises StackError naming what has to be installed."""
    program = Path(__file__).with_name("openid_provider.mjs")
    return [find_node("oidc-provider"), str(program), HOST, str(settings.ports["openid"])]


def environment(settings: StackSettings, secret: str) -> dict[str, str]:
    """What the provider is told: itself, the one client with its secret, and whom it knows."""
    described = {
        "issuer": settings.url("openid"),
        "clientId": CLIENT_ID,
        "clientSecret": secret,
        "callback": f"{settings.url('gateway')}/api/v1/auth/oauth/{NAME}/callback",
        "people": [account.email for account in ACCOUNTS],
        "password": DEMO_PASSWORD,
    }
    return {"PROVIDER": json.dumps(described)}


def function_settings(settings: StackSettings, secret: str) -> dict[str, str]:
    """What functions are told (see shared/config.py)."""
    provider = {
        "name": NAME,
        "label": "Local provider",
        "issuer": settings.url("openid"),
        "clientId": CLIENT_ID,
        "clientSecret": secret,
    }
    return {
        "MOBIUS_PUBLIC_URL": settings.url("gateway"),
        "MOBIUS_SIGN_IN_REDIRECTS": ",".join(REDIRECTS),
        "MOBIUS_OPENID_PROVIDERS": json.dumps([provider]),
    }
