"""Covered calls on Apple over two expiries: the official client, and a clock you step.

    portway serve --home calls --clock 'at 2026-01-26T10:00:00-05:00' --speed 0 --limits none
    eval "$(portway env --home calls)" && python examples/covered_call.py
    portway audit --home calls

Every Monday the nearest call above the price is written on a hundred shares; on Friday it expires,
and whoever was assigned buys the shares anew. The audit derives the account again, to the cent.
"""

import json
import os
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import longport.openapi as lp

SYMBOL, SHARES, WEEKS = "AAPL.US", 100, 2
NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 1, 26, 10, 0, tzinfo=NEW_YORK)


def step_to(instant):
    """Move market time; the answer comes when everything on the way has happened."""
    address, headers = os.environ["PORTWAY_ADMIN_URL"], {"content-type": "application/json"}
    with urlopen(f"{address}/clock") as answer:
        now = datetime.fromisoformat(json.load(answer)["data"]["markets"]["US"]["now"])
    body = json.dumps({"seconds": (instant - now).total_seconds()}).encode()
    urlopen(Request(f"{address}/clock/step", body, headers)).close()


def held():
    """What the account holds, by symbol; below zero: written."""
    channels = trades.stock_positions().channels
    return {one.symbol: one.quantity for channel in channels for one in channel.positions}


def trade(symbol, side, quantity):
    """Trade at the best opposite price and say what it was."""
    depth = quotes.depth(symbol)
    best = (depth.asks if side is lp.OrderSide.Buy else depth.bids)[0].price
    day, limit = lp.TimeInForceType.Day, lp.OrderType.LO
    sent = trades.submit_order(symbol, limit, side, Decimal(quantity), day, submitted_price=best)
    order = trades.order_detail(sent.order_id)
    word = "bought" if side is lp.OrderSide.Buy else "wrote "
    print(f"{word} {order.executed_quantity:>3} {symbol:24} at {order.executed_price}")


def call_above(on):
    """The call of this week's expiry with the nearest strike above the present price."""
    expiry = min(day for day in quotes.option_chain_expiry_date_list(SYMBOL) if day > on)
    last = quotes.quote([SYMBOL])[0].last_done
    calls = calls_of(quotes.option_chain_info_by_date(SYMBOL, expiry))
    return min((strike, symbol) for strike, symbol in calls if strike > last)[1]


def calls_of(chain):
    """Strike and symbol of each call: longport lists strikes, longbridge and portway contracts."""
    for one in chain:
        if hasattr(one, "call_symbol"):
            yield one.price, one.call_symbol
        elif one.direction == lp.OptionDirection.Call:
            yield one.strike_price, one.symbol


# The libraries name it differently; all else is the same in longport, longbridge and portway.
from_env = getattr(lp.Config, "from_apikey_env", None) or lp.Config.from_env
config = from_env()
quotes, trades = lp.QuoteContext(config), lp.TradeContext(config)
quotes.subscribe([SYMBOL], [lp.SubType.Quote])
begin = trades.account_balance("USD")[0].net_assets
for week in range(WEEKS):
    monday = MONDAY + timedelta(weeks=week)
    step_to(monday)
    print(f"{monday:%a %d %b}, {SYMBOL} at {quotes.quote([SYMBOL])[0].last_done}")
    if not held().get(SYMBOL):
        trade(SYMBOL, lp.OrderSide.Buy, SHARES)
    call = call_above(monday.date())
    trade(call, lp.OrderSide.Sell, SHARES // 100)
    step_to(monday + timedelta(days=4, hours=6))  # Friday's close.
    close = quotes.quote([SYMBOL])[0].last_done
    step_to(monday + timedelta(days=7, hours=-1))  # The next Monday, before the opening.
    end = "the shares stay" if held().get(SYMBOL) else "called away"
    print(f"{SYMBOL} closes at {close}: {end}\n")
profit = trades.account_balance("USD")[0].net_assets - begin
print(f"{WEEKS} weeks: {profit:+,.2f} USD after fees; {dict(held()) or 'nothing'} left")
os._exit(0)  # The client's threads would keep the program waiting.
