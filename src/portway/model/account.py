"""What an account is and has agreed to, and by which rules its money works.

Values alone: the rules are part of a venue's settings, so that they are facts of its journal and
recovery needs no configuration. What follows from them is decided in the core.
"""

from __future__ import annotations

from decimal import Decimal
from enum import auto

from msgspec import Struct

from portway.model.money import Currency
from portway.model.order import NamedEnum
from portway.model.symbol import Market, Symbol

__all__ = ["Agreement", "AccountKind", "MoneyRules", "Standing"]


class AccountKind(NamedEnum):
    """Whether an account pays with its own money alone, or with the broker's as well."""

    CASH = auto()
    MARGIN = auto()


class Agreement(NamedEnum):
    """What the owner of an account has accepted or signed."""

    US_SHORT_SALE = auto()  # The risk disclosure of short sales of US shares.
    HK_BORROWING = auto()  # The lending agreement without which no HK share is borrowed.
    NAKED_OPTIONS = auto()  # The approval without which no option is written uncovered.


class Standing(Struct, frozen=True):
    """What an account may do apart from its money; as it stands, it may do all but borrow in HK.

    Attributes:
        agreements: Each once, in the order of `Agreement`.
        residency: Where its owner lives, two letters as in ISO 3166; `CN` is the mainland.
    """

    agreements: tuple[Agreement, ...] = (Agreement.US_SHORT_SALE,)
    residency: str = "HK"


class MoneyRules(Struct, frozen=True):
    """What a broker sets as it likes; rates are fractions of one, interest by the year.

    Attributes:
        usd_hkd: Hong Kong dollars for one US dollar, in the middle of bid and offer.
        usd_cnh: Offshore renminbi for one US dollar; HKD/CNH follows from both.
        fx_spread: What a conversion is worse than the middle.
        debit_rate_hkd, debit_rate_usd, debit_rate_cnh: Interest on negative balances.
        borrow_rate: Fee for borrowed shares, of their market value.
        finance_times: Credit of a margin account, in its equity at the start of a day.
        finance_cap_hkd: The most of it, in Hong Kong dollars.
        allows_shorts: Whether margin accounts may sell short at all.
        liquidates: Whether positions of accounts in danger are closed: docs/margin.md.
        not_lent: Symbols that nobody lends: they cannot be sold short.
        dividend_tax_hk, dividend_tax_us, dividend_tax_cn: Withheld from cash dividends.
    """

    usd_hkd: Decimal = Decimal("7.80")
    usd_cnh: Decimal = Decimal("7.10")
    fx_spread: Decimal = Decimal("0.001")
    debit_rate_hkd: Decimal = Decimal("0.068")
    debit_rate_usd: Decimal = Decimal("0.068")
    debit_rate_cnh: Decimal = Decimal("0.068")
    borrow_rate: Decimal = Decimal("0.005")
    finance_times: Decimal = Decimal(3)
    finance_cap_hkd: Decimal = Decimal(10_000_000)
    allows_shorts: bool = True
    not_lent: tuple[Symbol, ...] = ()
    liquidates: bool = False
    dividend_tax_hk: Decimal = Decimal(0)
    dividend_tax_us: Decimal = Decimal("0.30")
    dividend_tax_cn: Decimal = Decimal("0.10")

    def rate(self, one: Currency, other: Currency) -> Decimal:
        """Return what one unit of `one` is worth in `other`, without the spread."""
        return Decimal(1) if one is other else self._per_usd(other) / self._per_usd(one)

    def rates(self, currency: Currency) -> dict[Currency, Decimal]:
        """Return what one unit of every currency is worth in `currency`."""
        return {one: self.rate(one, currency) for one in Currency}

    def selling_rate(self, sold: Currency, bought: Currency) -> Decimal:
        """Return how much of `bought` a client gets for one unit of `sold`."""
        return self.rate(sold, bought) * (1 - self.fx_spread)

    def debit_rate(self, currency: Currency) -> Decimal:
        """Return the yearly interest on a negative balance."""
        match currency:
            case Currency.HKD:
                return self.debit_rate_hkd
            case Currency.USD:
                return self.debit_rate_usd
            case Currency.CNH:
                return self.debit_rate_cnh

    def dividend_tax(self, market: Market) -> Decimal:
        """Return which part of a cash dividend is withheld."""
        taxes = {
            Market.HK: self.dividend_tax_hk,
            Market.US: self.dividend_tax_us,
            Market.CN: self.dividend_tax_cn,
        }
        return taxes.get(market, Decimal(0))

    def _per_usd(self, currency: Currency) -> Decimal:
        match currency:
            case Currency.HKD:
                return self.usd_hkd
            case Currency.CNH:
                return self.usd_cnh
            case Currency.USD:
                return Decimal(1)
