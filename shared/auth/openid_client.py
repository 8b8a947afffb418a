"""Signing in at an OpenID Connect provider by authorization code and PKCE (RFC 6749, RFC 7636, RFC 9700)."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlencode

from shared.auth.openid_metadata import OK, TENANT, Call, Metadata, PublishedMetadata
from shared.auth.openid_proof import proven_address
from shared.auth.openid_token import IdTokenVerifier, not_proven
from shared.auth.web_call import call
from shared.config import GOOGLE, OpenIdProvider
from shared.errors import StoreUnavailableError
from shared.models.sign_in import ProvenIdentity, SignInStep

EXCHANGE_SECONDS = 4.0
_ALIASES = {GOOGLE: ("accounts.google.com",)}  # documented: both are Google's
_NOT_OUR_CODE = frozenset({"invalid_grant", "invalid_request"})


class OpenIdClient:
    """See IdentityProvider."""

    def __init__(self, provider: OpenIdProvider, *, web: Call = call) -> None:
        self._provider = provider
        self._web = web
        self._published = PublishedMetadata(provider.issuer, web)
        self._verifier = IdTokenVerifier(
            issuer=provider.issuer,
            client_id=provider.client_id,
            published=self._published,
            aliases=_ALIASES.get(provider.name, ()),
        )

    @property
    def label(self) -> str:
        """See IdentityProvider.label."""
        return self._provider.label

    def login_address(self, step: SignInStep, challenge: str) -> str:
        """See IdentityProvider.login_address."""
        asked = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": step.callback,
            "scope": "openid email",
            "state": step.state,
            "nonce": step.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._published.get().authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identity(self, step: SignInStep, *, code: str, issuer: str | None) -> ProvenIdentity:
        """See IdentityProvider.identity."""
        metadata = self._published.get()
        if issuer != self._provider.issuer and (issuer is not None or metadata.names_itself):
            raise not_proven()  # another provider's answer (RFC 9207)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": step.callback,
            "code_verifier": step.verifier,
        }
        form, headers = self._with_secret(form, metadata)
        answer = self._web(metadata.token_endpoint, form=form, headers=headers, seconds=EXCHANGE_SECONDS)
        if answer.status != OK:
            if str(answer.body.get("error")) in _NOT_OUR_CODE:
                raise not_proven()
            raise StoreUnavailableError("The sign-in provider refused us", retry_after=5)
        access_token = answer.body.get("access_token")
        claims = self._verifier.verify(answer.body.get("id_token"), nonce=step.nonce, access_token=access_token)
        # Not an alias: one person is one identity. Of many tenants it is the token's, which was checked.
        one = self._provider.issuer if TENANT not in self._provider.issuer else str(claims["iss"])
        return ProvenIdentity(one, str(claims["sub"]), proven_address(self._provider, claims))

    def _with_secret(self, form: dict[str, str], metadata: Metadata) -> tuple[dict[str, str], dict[str, str]]:
        secret = self._provider.client_secret.get_secret_value()
        if metadata.secret_in_form:
            return form | {"client_id": self._provider.client_id, "client_secret": secret}, {}
        pair = f"{quote(self._provider.client_id, safe='')}:{quote(secret, safe='')}"
        return form, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
