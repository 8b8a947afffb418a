"""The port to the world's mailboxes: messages as RFC 5322 has them, where they go, and the reports about them."""
