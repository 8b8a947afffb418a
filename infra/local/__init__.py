"""The one-machine stack: emulators, database, functions, triggers, gateway and demo data."""
