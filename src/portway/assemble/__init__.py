"""Settings to a running server: the only room that knows every part.

`server` starts and stops it in order, `first_start` furnishes a fresh home, `desk` joins venue and
markets for the trade API, `listeners` puts the gateway together, `health` tests the data path,
`market_data` opens a home's imported data. A command that needs one of them loads no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portway.assemble.server import StartError, run

__all__ = ["StartError", "run"]


def __getattr__(name: str) -> Any:
    """Load the server when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portway.assemble import server

    return getattr(server, name)
