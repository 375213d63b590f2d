"""The server's face: HTTP, WebSocket and raw TCP in front, ports to trading and quotes behind.

Parses, checks who is calling and how often, submits, answers and pushes. Decides nothing about
trading and never imports the core, the storage or the bus: `assemble` hands them in behind the
protocols of `ports.py`.
"""
