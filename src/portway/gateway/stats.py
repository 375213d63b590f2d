"""What the gateway counts about itself, and how Prometheus reads it.

Counters are plain integers that the hot paths add to; a collector turns them into metrics when
somebody scrapes. Nothing here knows a connection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

__all__ = ["GatewayStats", "register"]


@dataclass(slots=True)
class GatewayStats:
    """Running totals since the start of the process.

    Attributes:
        pushes: Pushes handed to connections, one per receiver.
        conflated: Quote, depth and broker pushes merged into a later one for a slow reader.
        overflows: Connections closed because they fell too far behind.
        connections: Open connections by channel and transport.
        sign_ins: By outcome: `auth`, `reconnect`, `refused`.
        commands: Socket commands by channel and outcome (`ok`, or the name of the refusal).
        closes: Connections that the server closed, by reason.
        requests: HTTP answers by route and status.
        defects: Unexpected exceptions answered as "internal error".
    """

    pushes: int = 0
    conflated: int = 0
    overflows: int = 0
    defects: int = 0
    connections: Counter[tuple[str, str]] = field(default_factory=Counter)
    sign_ins: Counter[tuple[str]] = field(default_factory=Counter)
    commands: Counter[tuple[str, str]] = field(default_factory=Counter)
    closes: Counter[tuple[str]] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)


class _StatsCollector(Collector):
    def __init__(self, read: Callable[[], GatewayStats]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        stats = self._read()
        for name, text, value in (
            ("pushes", "Pushes handed to connections", stats.pushes),
            ("pushes_conflated", "Pushes merged for slow readers", stats.conflated),
            ("connections_overflowed", "Connections closed for lagging", stats.overflows),
            ("defects", "Unexpected exceptions", stats.defects),
        ):
            yield CounterMetricFamily(f"portway_{name}", text, value=value)
        gauge = GaugeMetricFamily(
            "portway_connections", "Open socket connections", labels=["channel", "transport"]
        )
        for labels, value in sorted(stats.connections.items()):
            gauge.add_metric(list(labels), value)
        yield gauge
        yield from self._labelled(stats)

    def _labelled(self, stats: GatewayStats) -> Iterator[Metric]:
        tables: tuple[tuple[str, str, list[str], Counter[tuple[str, ...]]], ...] = (
            ("sign_ins", "Sign-ins on sockets", ["outcome"], Counter(stats.sign_ins)),
            ("commands", "Socket commands", ["channel", "outcome"], Counter(stats.commands)),
            ("closes", "Connections closed by the server", ["reason"], Counter(stats.closes)),
            ("http_requests", "HTTP answers", ["route", "status"], Counter(stats.requests)),
        )
        for name, text, labels, counts in tables:
            metric = CounterMetricFamily(f"portway_{name}", text, labels=labels)
            for key, value in sorted(counts.items()):
                metric.add_metric(list(key), value)
            yield metric


def register(registry: CollectorRegistry, stats: GatewayStats) -> None:
    """Let `registry` show `stats` whenever it is scraped."""
    registry.register(_StatsCollector(lambda: stats))
