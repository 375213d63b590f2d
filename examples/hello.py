"""Your first program: the official client, unchanged, against portway.

pip install longport
eval "$(portway env)"
python examples/hello.py
"""

from decimal import Decimal
from time import sleep

import longport.openapi as lp

# The libraries name it differently; all else is the same in longport, longbridge and portway.
from_env = getattr(lp.Config, "from_apikey_env", None) or lp.Config.from_env
config = from_env()
quotes, trades = lp.QuoteContext(config), lp.TradeContext(config)
quotes.set_on_quote(lambda symbol, push: print(symbol, push.last_done, push.volume))
quotes.subscribe(["700.HK", "AAPL.US", "600519.SH"], [lp.SubType.Quote])
sleep(5)
buy, day = lp.OrderSide.Buy, lp.TimeInForceType.Day
order = trades.submit_order("700.HK", lp.OrderType.MO, buy, Decimal(100), day)
sleep(1)
print(trades.order_detail(order.order_id))
