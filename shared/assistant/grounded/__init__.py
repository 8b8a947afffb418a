"""The grounded assistant: rules understand the question, tools read, templates say what was read."""
