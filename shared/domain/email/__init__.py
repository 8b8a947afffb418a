"""The content of e-mails: templates, merging, tones, what they disclose, and what may be said to whom. Pure code."""
