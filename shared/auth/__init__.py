"""Who is calling and what they may do: token verification, roles and permissions."""
