"""The decisions: orders, matching, fees, money. Pure: no I/O, no clock, no randomness, no await."""
