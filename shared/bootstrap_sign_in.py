"""The composition root of signing in: what the function `auth` alone makes, beside shared.bootstrap."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared import bootstrap
from shared.config import settings
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from shared.repositories.sign_in_protocols import (
        IdentityPlatform,
        IdentityProvider,
        ProfileRepository,
        SignInAttempts,
        SignInLinks,
        TicketRepository,
    )
    from shared.services.oauth import OAuthService
    from shared.services.sign_in import SignInService


@cache
def identity_platform() -> IdentityPlatform:
    """Firebase, as it signs people in."""
    from shared.auth.identity_platform import FirebaseIdentityPlatform

    known = settings()
    if known.firebase_api_key is None:
        raise ConfigurationError("MOBIUS_FIREBASE_API_KEY is not set: the project's web API key")
    return FirebaseIdentityPlatform(
        api_key=known.firebase_api_key,
        service_account=bootstrap.service_account(),
        emulator=known.auth_emulator_address,
    )


@cache
def sign_in_attempts() -> SignInAttempts:
    """Failed sign-ins."""
    from shared.repositories.postgres.sign_ins import PostgresSignInAttempts

    return PostgresSignInAttempts(bootstrap.postgres("serving"))


@cache
def profiles() -> ProfileRepository:
    """People as they are shown to themselves."""
    from shared.repositories.postgres.sign_ins import PostgresProfileRepository

    return PostgresProfileRepository(bootstrap.postgres("serving"))


@cache
def sign_in_service() -> SignInService:
    """Login, refresh, sign-out."""
    from shared.services.sign_in import SignInService

    return SignInService(
        platform=identity_platform(),
        accounts=bootstrap.accounts,
        verifier=bootstrap.token_verifier(),
        members=bootstrap.members(),
        sessions=bootstrap.session_service(),
        attempts=sign_in_attempts(),
        profiles=profiles(),
        access_log=bootstrap.access_log(),
        key=bootstrap.secret_key(),
    )


@cache
def tickets() -> TicketRepository:
    """Single-use secrets."""
    from shared.repositories.postgres.sign_ins import PostgresTicketRepository

    return PostgresTicketRepository(bootstrap.postgres("serving"))


@cache
def sign_in_links() -> SignInLinks:
    """Which identities at providers sign in as which accounts."""
    from shared.repositories.postgres.sign_ins import PostgresSignInLinks

    return PostgresSignInLinks(bootstrap.postgres("serving"))


@cache
def identity_providers() -> dict[str, IdentityProvider]:
    """The configured OpenID Connect providers by name."""
    from shared.auth.openid_client import OpenIdClient

    return {provider.name: OpenIdClient(provider) for provider in settings().open_id_providers}


@cache
def oauth_service() -> OAuthService:
    """Signing in at OpenID Connect providers."""
    from shared.services.oauth import OAuthAddresses, OAuthService

    known = settings()
    return OAuthService(
        providers=identity_providers(),
        addresses=OAuthAddresses(known.public_url or "", known.sign_in_redirects),
        tickets=tickets(),
        links=sign_in_links(),
        accounts=bootstrap.accounts,
        platform=identity_platform(),
        sign_in=sign_in_service(),
        access_log=bootstrap.access_log(),
        key=bootstrap.secret_key(),
    )


def sign_in_cookie_is_secure() -> bool:
    """Whether browsers shall send the sign-in cookie over TLS only: unless the API itself is reached without."""
    return not (settings().public_url or "").startswith("http://")
