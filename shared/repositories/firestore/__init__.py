"""Firestore repositories."""
