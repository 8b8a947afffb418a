"""Firestore documents."""
