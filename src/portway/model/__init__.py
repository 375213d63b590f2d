"""What things are: frozen values and arithmetic, no policy, no I/O, no clock.

Everything above this layer (core, quotes, runners, edges) speaks in these words; this layer
imports nothing of portway.
"""
