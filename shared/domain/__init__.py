"""Pure rules and state machines: no I/O, no frameworks."""
