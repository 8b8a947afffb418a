"""The modes: a base handler and one handler a mode. A mode declares its name, label, record types and quick actions."""
