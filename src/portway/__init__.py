"""portway: a self-hosted server that speaks the LongPort OpenAPI, and a Python SDK for it."""
