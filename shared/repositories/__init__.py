"""Where documents and rows are kept: protocols, and their Firestore, PostgreSQL and in-memory implementations."""
