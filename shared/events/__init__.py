"""Typed Firestore and Pub/Sub events: the only code that knows CloudEvents."""
