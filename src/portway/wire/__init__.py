"""Bytes to meaning and back, without I/O: packets, handshake, commands, names, signatures.

Shared by the server and the SDK. Imports nothing else of portway, opens nothing, reads no clock.
"""
