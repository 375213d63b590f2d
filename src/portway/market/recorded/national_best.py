"""Quotes of many exchanges merged to the national best bid and offer.

Each side's best price is the best over the exchanges that show a size above zero; its size is the
sum of theirs at that price, and the number of orders the number of those exchanges. The result is
what the rows say: for moments the market may be locked or crossed, and is shown so, because a
stale quote of one exchange beside a fresh one of another is part of the recorded day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain, islice, pairwise
from typing import Final, NamedTuple

from portway.market.importers.lean import QuoteRow

__all__ = ["BestQuote", "QuoteFeed", "detect_feed", "merge_quotes"]

DETECT_ROWS: Final = 4096  # From so many rows on, a day of quotes shows which kind it is.
DETECT_ROWS_MIN: Final = 100


class QuoteFeed(StrEnum):
    """What a row of a quote file says.

    The published LEAN tick files keep the national rows of the tape alone: bid and ask in turn,
    each with the exchange that sets the best price. Read as quotes of single exchanges, the old
    best of one would stand for ever beside the new best of another, and the market be crossed
    nearly all day (IBM on 2013-10-07: in 99 % of the rows).
    """

    PER_EXCHANGE = "per_exchange"  # The new quote of that exchange; the others stand.
    NATIONAL_BEST = "national_best"  # The new best of that side, whoever set the one before.


class BestQuote(NamedTuple):
    """Best bid and offer from `at_us` on; price and size are zero on an empty side.

    Attributes:
        bid_num: Number of exchanges at the best bid; `ask_num` likewise.
    """

    at_us: int
    bid: int
    bid_size: int
    bid_num: int
    ask: int
    ask_size: int
    ask_num: int


class _Side:
    """One side of the market: what each exchange shows, and the best of it."""

    __slots__ = ("_by_exchange", "_pick", "best", "num", "size")

    def __init__(self, *, highest: bool) -> None:
        self._pick = max if highest else min
        self._by_exchange: dict[str, tuple[int, int]] = {}
        self.best = self.size = self.num = 0

    def show(self, exchange: str, price: int, size: int) -> None:
        """Put an exchange's new quote in the place of its old one; zero price or size withdraws."""
        if price and size:
            self._by_exchange[exchange] = (price, size)
        else:
            self._by_exchange.pop(exchange, None)
        shown = self._by_exchange.values()
        self.best = self._pick((one for one, _ in shown), default=0)
        sizes = [shares for one, shares in shown if one == self.best]
        self.size, self.num = sum(sizes), len(sizes)


class _SoleSide:
    """One side of a market whose rows are the national best already."""

    __slots__ = ("best", "num", "size")

    def __init__(self) -> None:
        self.best = self.size = self.num = 0

    def show(self, exchange: str, price: int, size: int) -> None:
        shown = bool(price and size)
        self.best, self.size, self.num = (price, size, 1) if shown else (0, 0, 0)


def merge_quotes(rows: Iterable[QuoteRow], feed: QuoteFeed | None = None) -> Iterator[BestQuote]:
    """Yield the best bid and offer after every row that changed price or size of either.

    A row updates the sides on which it has a price or a size; with neither on both sides its
    exchange withdraws both. Suspicious rows are left out: so does the recorder in its own bars.

    Args:
        rows: In the order of the file.
        feed: None finds out from the rows.
    """
    valid: Iterator[QuoteRow] = (row for row in rows if not row.suspicious)
    if feed is None:
        head = list(islice(valid, DETECT_ROWS))
        feed = detect_feed(head)
        valid = chain(head, valid)
    bids: _Side | _SoleSide
    asks: _Side | _SoleSide
    if feed is QuoteFeed.NATIONAL_BEST:
        bids, asks = _SoleSide(), _SoleSide()
    else:
        bids, asks = _Side(highest=True), _Side(highest=False)
    last = (0, 0, 0, 0)
    for at, bid, bid_size, ask, ask_size, exchange, _ in valid:
        has_bid, has_ask = bid or bid_size, ask or ask_size
        if has_bid or not has_ask:
            bids.show(exchange, bid, bid_size)
        if has_ask or not has_bid:
            asks.show(exchange, ask, ask_size)
        now = (bids.best, bids.size, asks.best, asks.size)
        if now != last:
            last = now
            yield BestQuote(at, bids.best, bids.size, bids.num, asks.best, asks.size, asks.num)


def detect_feed(rows: Iterable[QuoteRow]) -> QuoteFeed:
    """Tell from a day's first rows whether they are quotes of exchanges or the national best.

    National rows come in pairs: the best bid and, at the same moment, the best ask, of which mostly
    one has changed; and the two often name different exchanges. Rows of exchanges either do not
    take turns, or name the same exchange in both rows of a pair. Fewer than `DETECT_ROWS_MIN` rows
    prove nothing: then each row is taken as its exchange's own quote.
    """
    head = [row for row in islice(rows, DETECT_ROWS) if not row.suspicious]
    turns = mixed = 0
    for row, after in pairwise(head):
        if bool(row.bid) == bool(row.ask) or bool(after.bid) == bool(row.bid):
            continue
        turns += 1
        mixed += bool(row.bid) and row.at_us == after.at_us and row.exchange != after.exchange
    takes_turns = turns * 100 >= (len(head) - 1) * 99
    if len(head) >= DETECT_ROWS_MIN and takes_turns and mixed * 100 >= len(head):
        return QuoteFeed.NATIONAL_BEST
    return QuoteFeed.PER_EXCHANGE
