"""Pages of candlesticks as wire bytes: straight from records where a page still lies in its file.

All bars of a page are written at once, a byte position after the other, into a table with a row for
each bar; what a bar does not need of its widest possible row is masked out at the end. The bytes
are those that the generated message gives for the same bars: a test holds them equal. What is not
in records, such as the running day, goes through the message like everything else.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from portway.gateway.sockets import quote_messages as messages
from portway.gateway.sockets.quote_requests import CandleQuery
from portway.market.bar_page import BarPage
from portway.market.history import SymbolHistory
from portway.market.imported.records import BarTable, candlesticks
from portway.model.symbol import Market
from portway.wire.pb import quote_pb2 as pb

__all__ = ["encode_bars", "history_answer"]

PRICE_PLACES: Final = 3  # Decimals that every price and turnover shows at least.
LOT: Final = 100

Ints = npt.NDArray[np.int64]

_ONE_BYTE: Final = 128  # Lengths below it are one byte.
# Message fields that hold a decimal, with their tags, in the order of the message.
_PRICES: Final = (("close", 0x0A), ("open", 0x12), ("low", 0x1A), ("high", 0x22))
_NAMES: Final = tuple(name for name, _ in _PRICES)
_BAR_TAG, _VOLUME_TAG, _TURNOVER_TAG, _TIME_TAG, _SESSION_TAG = 0x12, 0x28, 0x32, 0x38, 0x40
_ZERO_DIGIT: Final = ord("0")
_INT32_MAX: Final = 2**31 - 1
_INT64_MAX: Final = 2**63 - 1


def history_answer(
    query: CandleQuery, history: SymbolHistory, symbol: str, market: Market
) -> pb.SecurityCandlestickResponse:
    """Return the answer to a question for candlesticks.

    Raises:
        Refused: If there is no such page.
    """
    bars = query.run(history)
    answer = pb.SecurityCandlestickResponse()
    if isinstance(bars, BarPage):
        answer.MergeFromString(encode_bars(bars.table, market))
        bars = bars.running
    answer.symbol = symbol
    answer.candlesticks.extend(messages.candlestick(bar, market) for bar in bars)
    return answer


def encode_bars(table: BarTable, market: Market) -> bytes:
    """Return the repeated field `candlesticks` of an answer."""
    rows = table.rows
    if not len(rows):
        return b""
    volume = rows["volume"]
    if market is Market.CN:
        volume = np.where(volume > 0, np.maximum(volume // LOT, 1), 0)
    if not _is_plain(table):
        return _through_message(table, market)
    page = _Page(len(rows))
    page.byte(_BAR_TAG)
    length = page.byte(0)
    for name, tag in _PRICES:
        page.decimal(tag, rows[name], table.price_places)
    page.varint(_VOLUME_TAG, volume)
    page.decimal(_TURNOVER_TAG, rows["turnover"], table.turnover_places)
    page.varint(_TIME_TAG, rows["at"])
    page.varint(_SESSION_TAG, rows["session"].astype(np.int64))
    sizes = page.sizes(length + 1)
    if sizes.max() >= _ONE_BYTE:
        return _through_message(table, market)
    page.columns[length] = sizes
    return page.joined()


def _is_plain(table: BarTable) -> bool:
    """Whether no number is negative, or too large to be given three decimals."""
    rows = table.rows
    if min(rows[name].min() for name in ("at", *_NAMES, "turnover", "volume")) < 0:
        return False
    scales = ((table.price_places, _PRICES), (table.turnover_places, (("turnover", 0),)))
    return all(
        int(rows[name].max()) * 10 ** max(PRICE_PLACES - places, 0) <= _INT64_MAX
        for places, names in scales
        for name, _ in names
    )


def _through_message(table: BarTable, market: Market) -> bytes:
    bars = (messages.candlestick(bar, market) for bar in candlesticks(table))
    return pb.SecurityCandlestickResponse(candlesticks=bars).SerializeToString()


class _Page:
    """The bytes of many bars, a column for each place; `None` in `shown`: shown in every bar."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.columns: list[npt.NDArray[np.generic] | int] = []
        self._shown: list[npt.NDArray[np.bool_] | None] = []

    def byte(self, value: int) -> int:
        """Add a byte that every bar has; return its place."""
        self.columns.append(value)
        self._shown.append(None)
        return len(self.columns) - 1

    def varint(self, tag: int, values: Ints) -> None:
        """Add a whole number, seven bits a byte, low ones first; zero is left out."""
        is_there = None if values.all() else values != 0
        self.columns.append(tag)
        self._shown.append(is_there)
        rest = values
        top = int(values.max())
        while True:
            top >>= 7
            more = rest >> 7
            follows = more != 0
            self.columns.append((rest & 0x7F) | (follows.astype(np.int64) << 7))
            self._shown.append(is_there)
            if not top:
                return
            is_there = None if follows.all() else follows
            rest = more

    def decimal(self, tag: int, units: Ints, places: int) -> None:
        """Add a decimal as text: at least `PRICE_PLACES` decimals, no zeros beyond them."""
        decimals = max(places, PRICE_PLACES)
        top = int(units.max()) * 10 ** (decimals - places)
        if top <= _INT32_MAX:
            units = units.astype(np.int32)
        rest = units * 10 ** (decimals - places) if decimals > places else units
        columns: list[npt.NDArray[np.generic] | int] = []
        shown: list[npt.NDArray[np.bool_] | None] = []
        below = np.zeros(self._count, dtype=np.bool_)
        for power in range(max(len(str(top)), decimals + 1)):
            if power == decimals:
                columns.append(ord("."))
                shown.append(None)
            more = rest // 10
            digit = rest - more * 10
            columns.append(digit + _ZERO_DIGIT)
            if power < decimals - PRICE_PLACES:
                below = below | (digit != 0)
                shown.append(below)
            else:
                shown.append(rest != 0 if power > decimals else None)
            rest = more
        self.byte(tag)
        size = self.byte(0)
        self.columns += reversed(columns)
        self._shown += reversed(shown)
        self.columns[size] = self.sizes(size + 1)

    def sizes(self, first: int) -> Ints:
        """Return how many bytes each bar shows from column `first` on."""
        found = np.zeros(self._count, dtype=np.int64)
        always = 0
        for shown in self._shown[first:]:
            if shown is None:
                always += 1
            else:
                found += shown
        found += always
        return found

    def joined(self) -> bytes:
        """Return the bytes that are shown, bar after bar."""
        table = np.empty((len(self.columns), self._count), dtype=np.uint8)
        mask = np.ones(table.shape, dtype=np.bool_)
        for place, (column, shown) in enumerate(zip(self.columns, self._shown, strict=True)):
            table[place] = column
            if shown is not None:
                mask[place] = shown
        return table.T[mask.T].tobytes()
