"""Writes the part of firestore.rules that repeats the permission table, so that the two cannot drift apart."""
