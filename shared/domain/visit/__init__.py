"""Visits at the front desk: their states, what check-in asks for, and how long patients wait."""
