"""Imported data of a home: its records, what is folded of them, and the source that serves them.

`market/importers` reads files into it; `storage` keeps it. Nothing here opens a file.
"""
