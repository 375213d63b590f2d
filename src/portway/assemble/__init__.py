"""Settings to a running server: the only room that knows every part.

`server` starts and stops it in order, `first_start` furnishes a fresh home, `desk` joins venue and
markets for the trade API, `listeners` puts the gateway together, `health` tests the data path.
"""

from portway.assemble.server import StartError, run

__all__ = ["StartError", "run"]
