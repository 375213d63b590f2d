"""Commands per second of the whole core: checks, holds, book, fees, ledger, one state.

The load of a busy venue on one symbol: 45% limit orders that rest, 25% that cross, 30% withdrawals,
from twenty accounts, drawn from a seed. Each command is decided and its facts are added up; nothing
is encoded, written or sent. With `--profile` the functions that took longest instead.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from machine import machine

from portway.core.engine import Outsides, handle
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.command import (
    CancelOrder,
    Command,
    Deposit,
    MarketMoved,
    OpenAccount,
    Stamped,
    SubmitOrder,
)
from portway.model.event import Event, OrderAccepted, OrderFilled
from portway.model.money import Currency
from portway.model.order import OrderSide
from portway.model.quote import TradeSession
from tests.trading.floor import OPEN, TENCENT, depth, market_view, terms

ACCOUNTS = [f"PT{number:08}" for number in range(20)]
COMMANDS = 20_000
MIDDLE, LOT, SHARES = 300, 100, 300_000
ROUNDS = 5


Listener = Callable[["Venue", tuple[Event, ...]], None]


class Venue:
    """One state, fed command by command at rising market instants.

    Args:
        listener: Is told what followed from each command.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener = listener
        self.state, self.outsides, self.seq = State(), Outsides(), 0
        self.at = OPEN
        self.shown = depth(TENCENT, "299.8x1000000000", "300.2x1000000000", OPEN)
        self.view = {TENCENT: market_view(TENCENT, self.shown)}
        for account_no in ACCOUNTS:
            self.tell(OpenAccount(account_no, ""))
            self.tell(Deposit(account_no, Currency.HKD, Decimal(10**12)))
            self.tell(SubmitOrder(account_no, terms(OrderSide.BUY, SHARES, "300.2")))
        self.shown = depth(TENCENT, "200x100", "400x100", OPEN)
        self.view = {TENCENT: market_view(TENCENT, self.shown)}
        self.tell(MarketMoved(TENCENT, self.at, TradeSession.NORMAL, self.shown))

    def tell(self, command: Command) -> tuple[Event, ...]:
        self.at += timedelta(microseconds=50)
        self.seq += 1
        stamped = Stamped(command, self.at, self.view)
        events = handle(self.state, self.outsides, stamped, self.seq)
        if self.listener is not None:
            self.listener(self, events)
        return events


def order_of(draw: random.Random, *, crosses: bool) -> SubmitOrder:
    side = draw.choice((OrderSide.BUY, OrderSide.SELL))
    ticks = draw.randint(1, 20) * (1 if (side is OrderSide.BUY) == crosses else -1)
    price = f"{MIDDLE + ticks * 0.2:.1f}"
    return SubmitOrder(draw.choice(ACCOUNTS), terms(side, draw.randint(1, 9) * LOT, price))


def script(commands: int, seed: int) -> list[SubmitOrder | int]:
    """Draw the load: orders, and for each withdrawal which of the latest orders it means."""
    draw = random.Random(seed)
    kinds = [draw.random() for _ in range(commands)]
    return [
        draw.randint(1, 200) if kind < 0.30 else order_of(draw, crosses=kind > 0.75)
        for kind in kinds
    ]


def run(venue: Venue, load: list[SubmitOrder | int]) -> int:
    """Carry the load out; return how many executions it led to."""
    orders: list[tuple[str, int]] = []
    executions = 0
    for one in load:
        if isinstance(one, SubmitOrder):
            events = venue.tell(one)
            first = events[0]
            assert isinstance(first, OrderAccepted), first
            orders.append((one.account_no, first.order.order_id))
            executions += sum(type(event) is OrderFilled for event in events)
        elif orders:  # It may have been executed meanwhile: then it is too late, as it often is.
            venue.tell(CancelOrder(*orders.pop(-min(one, len(orders)))))
    return executions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    profiled = parser.parse_args().profile
    rates = []
    for seed in range(ROUNDS):
        venue, load = Venue(), script(COMMANDS, seed)
        if profiled:
            profile = cProfile.Profile()
            profile.runcall(run, venue, load)
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
            return
        gc.collect()
        began = time.process_time()
        executions = run(venue, load)
        rates.append(COMMANDS / (time.process_time() - began))
        check_invariants(venue.state)
    print(
        f"{statistics.median(rates):,.0f} commands/s of one processor in the whole core"
        f" ({min(rates):,.0f} to {max(rates):,.0f} in {ROUNDS} rounds of {COMMANDS:,};"
        f" {executions:,} executions in the last)"
    )
    print(machine())


if __name__ == "__main__":
    main()
