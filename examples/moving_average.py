"""A moving-average cross on IBM over a recorded week: the official client, and a clock you step.

    portway serve --home week --replay FOLDER --clock 'at 2013-10-07T09:30:00-04:00' \
        --speed 0 --limits none
    eval "$(portway env --home week)" && python examples/moving_average.py equity.svg

The market stands still while the strategy thinks: on a fresh home the same trades, every time.
"""

import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from statistics import mean
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import longport.openapi as lp
from equity_curve import Point, drawing, picture

SYMBOL, SHARES, FAST, SLOW = "IBM.US", 500, 9, 26
NEW_YORK, EVERY = ZoneInfo("America/New_York"), timedelta(minutes=5)
OPENINGS = [datetime(2013, 10, day, 9, 30, tzinfo=NEW_YORK) for day in range(7, 12)]
LOOKS = [opening + EVERY * n for opening in OPENINGS for n in range(1, 78)]  # To 15:55.
TITLE = "IBM, 9 over 26 bars of five minutes, 500 shares: profit in USD, after fees"


def step_to(instant):
    """Move market time; the answer comes when everything on the way has happened."""
    address, headers = os.environ["PORTWAY_ADMIN_URL"], {"content-type": "application/json"}
    with urlopen(f"{address}/clock") as answer:
        now = datetime.fromisoformat(json.load(answer)["data"]["markets"]["US"]["now"])
    body = json.dumps({"seconds": (instant - now).total_seconds()}).encode()
    urlopen(Request(f"{address}/clock/step", body, headers)).close()


def is_rising():
    """Whether the fast average of the closes stands above the slow one."""
    bars = quotes.candlesticks(SYMBOL, lp.Period.Min_5, SLOW, lp.AdjustType.NoAdjust)
    closes = [bar.close for bar in bars]
    return mean(closes[-FAST:]) > mean(closes)


def shares_held():
    channels = trades.stock_positions([SYMBOL]).channels
    return sum(one.quantity for channel in channels for one in channel.positions)


def trade(shares, at):
    """Buy, or sell what is below zero, at the market; return the fees.

    Fills stop where the displayed depth does; two seconds later what found none is cancelled.
    """
    side, word = (lp.OrderSide.Buy, "bought") if shares > 0 else (lp.OrderSide.Sell, "sold")
    day = lp.TimeInForceType.Day
    sent = trades.submit_order(SYMBOL, lp.OrderType.MO, side, abs(shares), day)
    step_to(at + timedelta(seconds=2))
    order = trades.order_detail(sent.order_id)
    price = f"at {order.executed_price:.4f}" if order.executed_quantity else ""
    print(f"{at:%a %d %b %H:%M}  {word:6} {order.executed_quantity:>3} of {abs(shares)} {price}")
    return order.charge_detail.total_amount


# The libraries name it differently; all else is the same in longport, longbridge and portway.
from_env = getattr(lp.Config, "from_apikey_env", None) or lp.Config.from_env
config = from_env()
quotes, trades = lp.QuoteContext(config), lp.TradeContext(config)
quotes.subscribe([SYMBOL], [lp.SubType.Quote])
begin = trades.account_balance("USD")[0].net_assets
curve, fees = [], []
for look in LOOKS:
    step_to(look)
    wanted = SHARES if is_rising() and look != LOOKS[-1] else 0  # Flat for the weekend.
    if missing := wanted - shares_held():
        fees.append(trade(missing, look))
    profit = trades.account_balance("USD")[0].net_assets - begin
    curve.append(Point(look, profit, wanted > 0))

print(f"\n{len(fees)} orders, {curve[-1].profit:+,.2f} USD after {sum(fees):,.2f} of fees\n")
print(drawing(curve))
Path(sys.argv[1] if sys.argv[1:] else "equity.svg").write_text(picture(curve, TITLE))
os._exit(0)  # The client's threads would keep the program waiting.
