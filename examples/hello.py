"""Your first program: the official client, unchanged, against portway.

    pip install longport
    eval "$(portway env)"
    python examples/hello.py
"""

from decimal import Decimal
from time import sleep

from longport.openapi import Config, OrderSide, OrderType, QuoteContext, SubType
from longport.openapi import TimeInForceType, TradeContext

config = Config.from_env()
quotes, trades = QuoteContext(config), TradeContext(config)
quotes.set_on_quote(lambda symbol, push: print(symbol, push.last_done, push.volume))
quotes.subscribe(["700.HK", "AAPL.US", "600519.SH"], [SubType.Quote])
sleep(5)
order = trades.submit_order(
    "700.HK", OrderType.MO, OrderSide.Buy, Decimal(100), TimeInForceType.Day
)
sleep(1)
print(trades.order_detail(order.order_id))
