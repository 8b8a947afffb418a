"""Which e-mail address a provider has proven to be a person's: the one question on which a first sign-in hangs.

- Google hosts the mailbox of a gmail.com address and of a Workspace account (`hd`). It verified any other address once;
  who has it today Google does not know. Source:
  https://developers.google.com/identity/gsi/web/guides/verify-google-id-token#use-the-email-field
- Microsoft's `email` is whatever a tenant's administrator wrote into the directory. It is proof only with `xms_edov`
  (the tenant owns the domain); `verified_primary_email` is proof by itself. Source:
  https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization
- Every other provider is taken at its word (`email_verified`), within its configured domains.
"""

from __future__ import annotations

from typing import Any

from shared.config import GOOGLE, MICROSOFT, OpenIdProvider

MAX_EMAIL = 254
_GOOGLES_MAILBOXES = ("gmail.com", "googlemail.com")
_OWNED = (True, 1, "1", "true")  # Microsoft has sent all of these


def proven_address(provider: OpenIdProvider, claims: dict[str, Any]) -> str | None:
    """Return the address in lower case; None when the provider has proven none."""
    if provider.name == MICROSOFT:
        address = _microsofts(claims)
    else:
        address = _address(claims.get("email")) if claims.get("email_verified") is True else None
    if address is None:
        return None
    domain = address.rpartition("@")[2]
    if provider.name == GOOGLE and domain not in _GOOGLES_MAILBOXES and not isinstance(claims.get("hd"), str):
        return None
    return address if not provider.email_domains or domain in provider.email_domains else None


def _microsofts(claims: dict[str, Any]) -> str | None:
    verified = claims.get("verified_primary_email")
    if isinstance(verified, list) and verified:
        return _address(verified[0])
    return _address(claims.get("email")) if claims.get("xms_edov") in _OWNED else None


def _address(value: object) -> str | None:
    """An address that can be one of ours: in ASCII, because letters beyond it fold into it (the Kelvin sign is a k)."""
    if not isinstance(value, str) or len(value) > MAX_EMAIL or not value.isascii() or not value.isprintable():
        return None
    local, _, domain = value.rpartition("@")
    return value.lower() if local and domain and "@" not in local and " " not in value else None
