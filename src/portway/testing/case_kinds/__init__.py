"""One module per case file: each registers the functions that answer the kinds of that file.

The modules are found by their place in this folder; `portway.testing.cases` says how to write one.
"""
