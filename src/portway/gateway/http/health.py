"""`/healthz` and `/metrics`: for probes and for Prometheus, without credentials.

Health is the data path, tested: the parts are asked, not assumed. Neither shows anything of an
account.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from portway.gateway.ports import HealthCheck

__all__ = ["METRICS_CONTENT_TYPE", "health_report", "metrics_text"]

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()


async def health_report(check: HealthCheck) -> tuple[bool, dict[str, Any]]:
    """Return whether every part is well, and a line for each."""
    parts = await check.check()
    is_well = all(line == "ok" for line in parts.values())
    return is_well, {"status": "ok" if is_well else "failing", "parts": parts}


def metrics_text(registry: CollectorRegistry) -> bytes:
    """Return the metrics in the text format."""
    return generate_latest(registry)
