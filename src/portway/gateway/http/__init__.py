"""The HTTP API: a plain ASGI app over a table of routes, and the listener that serves it.

Handlers parse, submit and answer; they hold no rule about trading. What every answer has in common
(signature, limits, envelope, trace id) is in `app`.
"""
