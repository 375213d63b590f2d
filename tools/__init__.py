"""Commands for building and checking portway; the Makefile names each of them.

Nothing here is part of the distribution.
"""
