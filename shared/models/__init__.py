"""Typed data: API requests and answers, PostgreSQL tables, Firestore documents, and what they share."""
