"""The HTTP API: an app over a table of routes, and the connections that serve it.

Handlers parse, submit and answer; they hold no rule about trading. What every answer has in common
(signature, limits, envelope, trace id) is in `app`.
"""
