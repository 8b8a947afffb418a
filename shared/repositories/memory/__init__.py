"""In-memory repositories."""
