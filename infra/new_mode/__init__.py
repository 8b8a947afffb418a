"""Writes a new mode: its handler and its function."""
