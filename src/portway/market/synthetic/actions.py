"""The calendar of corporate actions: dividends by the months of a profile, splits on their dates.

A path of prices knows no split: what a share of today was worth. Here stands how many shares of
today one share then has become, by which raw prices are dearer and raw volumes smaller. Dividends
are those of the reference table, less in earlier years. Knows no prices of any day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

import numpy as np
from msgspec import structs

from portway.market.synthetic.draws import Floats, exp, key_of, word
from portway.market.synthetic.profiles import Profile
from portway.market.synthetic.years import SETTLED_FROM, Span
from portway.model.corporate_action import CorporateAction
from portway.model.instrument import Instrument

__all__ = ["Actions", "actions_of"]

_LOG = Context(prec=28)
_EX_DAYS = (6, 6)  # An ex-date is the 7th trading day of its month or one of the next five.


@dataclass(frozen=True, slots=True)
class Actions:
    """What happens to the shares of one security.

    Attributes:
        by_row: The action of an ex-date, by its row.
        later_shares: Shares of today for one share of each day.
        later_log: The same as a logarithm: what to add to a path for a raw price.
        paid: Dividend of each day in parts of the price.
    """

    by_row: Mapping[int, CorporateAction]
    later_shares: Floats
    later_log: Floats
    paid: Floats

    @property
    def all(self) -> tuple[CorporateAction, ...]:
        """Every action, by ex-date ascending."""
        return tuple(self.by_row[row] for row in sorted(self.by_row))


def actions_of(seed: int, instrument: Instrument, profile: Profile, span: Span) -> Actions:
    """Return the corporate actions of a security."""
    count = len(span.days)
    found: dict[int, CorporateAction] = {}
    shares, log = np.ones(count), np.zeros(count)
    for split in profile.splits:
        row = bisect_left(span.days, split.ex_date)
        if not 0 < row < count:
            continue
        shares[:row] *= float(split.ratio)
        log[:row] += float(split.ratio.ln(_LOG))
        found[row] = CorporateAction(
            instrument.symbol,
            span.days[row],
            bonus=split.ratio - 1 if split.is_bonus else Decimal(0),
            split=Decimal(1) if split.is_bonus else split.ratio,
        )
    paid = np.zeros(count)
    _add_dividends(seed, instrument, profile, span, shares, found, paid)
    return Actions(found, shares, log, paid)


def _add_dividends(
    seed: int,
    instrument: Instrument,
    profile: Profile,
    span: Span,
    shares: Floats,
    found: dict[int, CorporateAction],
    paid: Floats,
) -> None:
    months = profile.dividend_months
    key = key_of(seed, instrument.symbol, "dividend")
    yearly = float(instrument.dividend * 100)
    middle = float((profile.low * profile.high).sqrt(_LOG)) * 100
    for year, month, begin in span.months:
        row = begin + _EX_DAYS[0] + word(key, year * 12 + month) % _EX_DAYS[1]
        if month not in months or row >= len(span.days):
            continue
        grown = float(exp(np.array([profile.growth * min(0, year - SETTLED_FROM)]))[0])
        cents = int(yearly / len(months) * grown * float(shares[row]) + 0.5)
        if not cents:
            continue
        paid[row] = cents / (middle * grown * float(shares[row]))
        one = found.get(row, CorporateAction(instrument.symbol, span.days[row]))
        # Per old share: on the day of a split there are more of them.
        found[row] = structs.replace(one, cash=Decimal(cents).scaleb(-2))
