"""Signing in at an OpenID Connect provider: off to the provider, back from it, and the exchange of the code.

Nothing of a sign-in under way is stored but a hash of its state, for ten minutes: nonce and PKCE verifier are derived
from the state and from the secret that the browser keeps in a cookie, so that another browser has neither. Tokens
never stand in a URL: the front-end gets a code that it exchanges once, within a minute, and that is of no use without
the verifier of the challenge it began with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from shared.errors import (
    FieldError,
    ForbiddenError,
    MobiusError,
    NotFoundError,
    StoreUnavailableError,
    UnauthenticatedError,
    ValidationFailedError,
)
from shared.models.api.sign_in import (
    CodeExchange,
    OAuthAnswer,
    OAuthStart,
    ProviderList,
    ProviderView,
    SignedIn,
)
from shared.models.audit import AuditAction
from shared.models.sign_in import BrowserMove, ProvenIdentity, SignInLink, SignInStep, Ticket, Visitor
from shared.repositories.sign_in_protocols import IdentityPlatform, IdentityProvider, SignInLinks, TicketRepository
from shared.repositories.user_protocols import Accounts
from shared.services.access_log import AccessLog
from shared.services.clock import Clock, utc_now
from shared.services.sign_in import SignInService

STATE_LASTS = timedelta(minutes=10)
CODE_LASTS = timedelta(seconds=60)
_SECRET = re.compile(r"^[A-Za-z0-9_-]{43}\Z")
_CANCELLED = frozenset({"access_denied", "consent_required", "interaction_required", "login_required"})
_OUT_OF_ORDER = frozenset({"server_error", "temporarily_unavailable"})


@dataclass(frozen=True, slots=True)
class OAuthAddresses:
    """Where the API is reached, and the front-end's addresses that a sign-in may end at; the first is the default."""

    public_url: str
    redirects: tuple[str, ...]

    def callback(self, provider: str) -> str:
        """Where the provider sends the browser back to: registered with the provider, letter by letter."""
        return f"{self.public_url}/api/v1/auth/oauth/{provider}/callback"


class OAuthService:
    """The three steps. `key` is the secret that everything is derived and hashed with."""

    def __init__(
        self,
        *,
        providers: Mapping[str, IdentityProvider],
        addresses: OAuthAddresses,
        tickets: TicketRepository,
        links: SignInLinks,
        accounts: Callable[[], Accounts],
        platform: IdentityPlatform,
        sign_in: SignInService,
        access_log: AccessLog,
        key: bytes,
        now: Clock = utc_now,
    ) -> None:
        self._providers = providers
        self._addresses = addresses
        self._tickets = tickets
        self._links = links
        self._accounts = accounts
        self._platform = platform
        self._sign_in = sign_in
        self._access_log = access_log
        self._key = key
        self._now = now

    def offered(self) -> ProviderList:
        """Return the providers that people can sign in at."""
        start = "/api/v1/auth/oauth/{}/start"
        return ProviderList(
            providers=tuple(
                ProviderView(name=name, label=provider.label, start=start.format(name))
                for name, provider in self._providers.items()
            )
        )

    def start(self, visitor: Visitor, name: str, wanted: OAuthStart) -> BrowserMove:
        """Send the browser to the provider's login page.

        Raises NotFoundError `provider_not_found`, ValidationFailedError for a redirect that is not a configured one,
        StoreUnavailableError when the provider does not answer.
        """
        provider = self._provider(name)
        redirect = self._addresses.redirects[0] if wanted.redirect is None else wanted.redirect
        if redirect not in self._addresses.redirects:
            fault = FieldError("redirect", "not_allowed", "is not one of the configured addresses")
            raise ValidationFailedError("redirect: is not one of the configured addresses", errors=(fault,))
        # A browser that already has a secret keeps it: it may sign in in two windows at once.
        known = visitor.browser if visitor.browser and _SECRET.match(visitor.browser) else None
        browser, state = known or secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        step = self._step(name, state, browser)
        with _reached():
            location = provider.login_address(step, challenge_of(step.verifier))
        content = {
            "provider": name,
            "redirect": redirect,
            "browser": self._hash("browser", browser),
            "challenge": wanted.code_challenge,
        }
        self._tickets.issue(Ticket(self._hash("state", state), "oauth_state", content, self._now() + STATE_LASTS))
        return BrowserMove(location, browser)

    def callback(self, visitor: Visitor, name: str, answer: OAuthAnswer) -> BrowserMove:
        """Take the provider's answer, and send the browser to the front-end with `code` or with `error`.

        Raises UnauthenticatedError `sign_in_not_begun`, with nowhere to send the browser to, for a state that is
        unknown, used, too old, or another browser's or provider's.
        """
        provider = self._provider(name)
        begun = self._tickets.redeem(self._hash("state", answer.state), "oauth_state", now=self._now())
        browser = visitor.browser or ""
        if (
            begun is None
            or begun.content["provider"] != name
            or not hmac.compare_digest(begun.content["browser"], self._hash("browser", browser))
        ):
            raise UnauthenticatedError(
                "This sign-in was not begun in this browser, is over, or took too long: begin again",
                code="sign_in_not_begun",
            )
        try:
            identity = self._identity(provider, self._step(name, answer.state, browser), answer)
            outcome = {"code": self._admit(visitor, name, identity, begun)}
        except MobiusError as refusal:
            outcome = {"error": refusal.code, "requestId": visitor.request_id}
        redirect = begun.content["redirect"]
        return BrowserMove(f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(outcome)}", browser)

    def exchange(self, visitor: Visitor, wanted: CodeExchange) -> SignedIn:
        """Exchange the front-end's code for tokens. Raises UnauthenticatedError `code_not_valid`."""
        ticket = self._tickets.redeem(self._hash("code", wanted.code), "exchange_code", now=self._now())
        if ticket is None or not _opens(ticket.content["challenge"], wanted.code_verifier):
            raise UnauthenticatedError(
                "This code is unknown, used, too old, or not of this sign-in: begin again", code="code_not_valid"
            )
        link, provider = SignInLink(**ticket.content["link"]), ticket.content["provider"]
        tokens = self._platform.sign_in_as(link.uid)
        caller = self._sign_in.caller(visitor, tokens)
        if ticket.content["first"]:
            event = caller.changed("sign_in_link", metadata={"provider": provider})
            event = event.model_copy(update={"action": AuditAction.SESSION_LINK})
            self._links.add(link, caller.client_id, event)
            self._access_log.hand_on(event)
        return self._sign_in.begin(caller, tokens, method=provider)

    def _provider(self, name: str) -> IdentityProvider:
        if name not in self._providers:
            raise NotFoundError(
                "Nobody signs in at this provider", code="provider_not_found", allowed=sorted(self._providers)
            )
        return self._providers[name]

    def _identity(self, provider: IdentityProvider, step: SignInStep, answer: OAuthAnswer) -> ProvenIdentity:
        if answer.code and not answer.error:
            with _reached():
                return provider.identity(step, code=answer.code, issuer=answer.iss)
        if answer.error in _CANCELLED:
            raise ForbiddenError("The sign-in was cancelled", code="access_denied")
        if answer.error in _OUT_OF_ORDER:
            raise ForbiddenError("The provider cannot sign anybody in now", code="provider_unavailable")
        raise ForbiddenError("The provider refused the sign-in", code="provider_refused")

    def _admit(self, visitor: Visitor, name: str, identity: ProvenIdentity, begun: Ticket) -> str:
        """Find the person and make the code. Raises ForbiddenError for somebody who is not let in.

        The first time a person is found by their proven address; from then on by the provider's own id for them, so
        that whoever gets the address later is not taken for them.
        """
        subject = self._hash("subject", identity.issuer, identity.subject)
        uid, first = self._links.account_of(subject), False
        if uid is None:
            if identity.email is None:
                raise ForbiddenError("The provider has not verified the e-mail address", code="email_not_verified")
            uid, first = self._accounts().uid_of(identity.email), True
        self._sign_in.admit(visitor, uid, email=identity.email if first else None)
        if first and self._links.is_linked(str(uid), identity.issuer):
            raise ForbiddenError("This account signs in with another identity", code="identity_conflict")
        code = secrets.token_urlsafe(32)
        content = {
            "link": {"subject_hash": subject, "issuer": identity.issuer, "uid": uid},
            "first": first,
            "provider": name,
            "challenge": begun.content["challenge"],
        }
        self._tickets.issue(Ticket(self._hash("code", code), "exchange_code", content, self._now() + CODE_LASTS))
        return code

    def _step(self, name: str, state: str, browser: str) -> SignInStep:
        return SignInStep(
            state=state,
            nonce=self._derived("nonce", state, browser),
            verifier=self._derived("verifier", state, browser),
            callback=self._addresses.callback(name),
        )

    def _derived(self, *parts: str) -> str:
        return _base64(self._digest(*parts))

    def _hash(self, *parts: str) -> str:
        return self._digest(*parts).hex()

    def _digest(self, *parts: str) -> bytes:
        return hmac.digest(self._key, "\x1f".join(("oauth", *parts)).encode(), "sha256")


@contextmanager
def _reached() -> Iterator[None]:
    """Tell a provider that does not answer from our own stores."""
    try:
        yield
    except StoreUnavailableError as exc:
        detail = "The sign-in provider does not answer as it should"
        raise StoreUnavailableError(detail, code="provider_unavailable", retry_after=5) from exc


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _opens(challenge: str | None, verifier: str | None) -> bool:
    """Whether the verifier is the challenge's; without a challenge there is none (a mix-up of two sign-ins else)."""
    if challenge is None or verifier is None:
        return challenge == verifier
    return hmac.compare_digest(challenge, challenge_of(verifier))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
