"""Asking payers: the port, and its X12 implementation over HTTP."""
