"""Runs the core: one writer per venue, its journal, its read models and the queries over them."""
