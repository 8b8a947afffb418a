"""In-memory repositories: the same contracts as the real ones (one suite proves both), for tests that need no store."""
