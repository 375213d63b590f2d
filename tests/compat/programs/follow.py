"""A client that stays: prints a line of JSON for each order push and each quote push.

It never learns that the server went away: the package reconnects by itself.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from prelude import PACKAGE, config, plain, sdk

SYMBOL = "700.HK"


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    quotes, trades = sdk.QuoteContext(config()), sdk.TradeContext(config())
    quotes.set_on_quote(lambda symbol, _: say(kind="quote", symbol=symbol))
    quotes.subscribe([SYMBOL], [sdk.SubType.Quote])
    trades.set_on_order_changed(
        lambda push: say(kind="order", order_id=push.order_id, status=plain(push.status))
    )
    trades.subscribe([sdk.TopicType.Private])
    say(kind="ready", package=PACKAGE)
    threading.Event().wait()  # Until the test ends this process.


main()
