"""Adapters that keep things: journal, read models, keys and the server's home folder."""
