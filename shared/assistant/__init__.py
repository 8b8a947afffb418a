"""The chat assistant: one protocol, a grounded one that needs no model, and one over Gemini."""
