"""Authorizations, pure: states, payers' answers, units, deadlines, what a request needs, and what a grant fits."""
