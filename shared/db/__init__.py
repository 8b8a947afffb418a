"""Store clients: PostgreSQL with a tenant session, Firestore, and the selector that says which holds what."""
