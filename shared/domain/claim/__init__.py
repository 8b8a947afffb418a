"""Claims, pure: states and moves, what follows from a state, payers' answers."""
