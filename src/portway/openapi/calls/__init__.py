"""What each method asks: pure descriptions, built from arguments, that a transport carries out.

A description is the same for the sync and the async class, for a test and for a replay. Arguments
are checked here, before anything is sent.
"""
