"""Eligibility rules, pure: each has its id from the rule table in its docstring."""

from shared.domain.eligibility.verdict import decide, service_date
from shared.domain.eligibility.wording import facts, guidance, summary

__all__ = ["decide", "facts", "guidance", "service_date", "summary"]
