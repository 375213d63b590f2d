"""A client that stays: prints a line of JSON for each order push and every tenth quote push.

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
    count = 0

    def on_quote(symbol: str, _: Any) -> None:
        nonlocal count
        count += 1
        if count % 10 == 1:
            say(kind="quote", count=count, symbol=symbol)

    quotes.set_on_quote(on_quote)
    quotes.subscribe([SYMBOL], [sdk.SubType.Quote])
    trades.set_on_order_changed(
        lambda push: say(kind="order", order_id=push.order_id, status=plain(push.status))
    )
    trades.subscribe([sdk.TopicType.Private])
    say(kind="ready", package=PACKAGE)
    threading.Event().wait()  # Until the test ends this process.


main()
