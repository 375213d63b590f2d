"""The audit of a venue: every balance derived again from its journal alone, and compared.

Two arithmetics run beside each other, neither of them the core's: postings (`audit_books.py`) and
what each fact says of itself (`audit_profit.py`). They have to agree with each other, the ledger
has to sum to zero, and cash, holds and positions of each account have to be those of the read
models and of the answers that clients get. The first thing that is not so ends the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from portway.model.account import AccountKind
from portway.model.derivative import strike_money
from portway.model.event import AccountOpened, Fact, SettlementDone
from portway.model.money import Currency
from portway.model.symbol import MARKET_ZONES, Symbol
from portway.trading.audit_books import Books, Misposted
from portway.trading.audit_profit import Holding, Items, Profits, cents
from portway.trading.event_codec import UnreadableRecord, decode_facts
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    Journal,
    OrderFilter,
    PositionRow,
    ReadModels,
)
from portway.trading.queries import Marks, TradeQueries
from portway.trading.statements import HOME_MARKET, StatementPeriod
from portway.trading.verify import subject_of

__all__ = ["Audit", "AuditedAccount", "CurvePoint", "Unproven", "audit"]

WORKING_MAX: Final = 100_000  # Working orders of one account that are looked at.
POINTS_MAX: Final = 4096  # Of one curve; past it every other point but the last of a pair goes.
TELL_RECORDS: Final = 500
ZERO: Final = Decimal(0)
# A cost price is a rounded average of the core's; the auditor's is exact.
COST_TOLERANCE: Final = Fraction(1, 10**12)
_MISFIT: Final = (Misposted, LookupError, ArithmeticError, TypeError, ValueError)


class Unproven(Exception):
    """Something does not agree; the message names what, and the record where there is one."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """An account at one instant, in its own currency.

    Attributes:
        at: Market time, UTC; never before that of the point before.
        paid_in: Paid in so far, less what was paid out, or given up by a reset.
    """

    at: datetime
    worth: Decimal
    paid_in: Decimal


@dataclass(slots=True)
class AuditedAccount:
    """One account, proven.

    Attributes:
        items: By currency.
        holdings: By symbol; what is flat is left out.
        cash: By currency, with what is on its way; `settling`: of it, what is.
        frozen: By currency, reserved for working buys.
        curve: Worth over time; at most `POINTS_MAX` points.
    """

    account_no: str
    name: str
    kind: AccountKind
    base: Currency
    items: dict[Currency, Items] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    values: dict[str, Fraction] = field(default_factory=dict)
    cash: dict[Currency, Decimal] = field(default_factory=dict)
    settling: dict[Currency, Decimal] = field(default_factory=dict)
    frozen: dict[Currency, Decimal] = field(default_factory=dict)
    rates: dict[Currency, Decimal] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)


@dataclass(slots=True)
class Audit:
    """What was proven.

    Attributes:
        entries: Double entries added up; `assets`: each sums to zero.
        checks: Single figures of read models and answers that agree.
    """

    records: int = 0
    entries: int = 0
    assets: list[str] = field(default_factory=list)
    checks: int = 0
    accounts: list[AuditedAccount] = field(default_factory=list)


def audit(
    journal: Journal, venue: str, rows: ReadModels, told: Callable[[int], None] = lambda seq: None
) -> Audit:
    """Derive a venue's ledger from its journal and hold it against the read models.

    Args:
        told: Called with the position reached, now and then.

    Raises:
        Unproven: At the first thing that does not agree.
        JournalCorrupt: At the first record that is not what was written.
    """
    auditor = _Auditor()
    for record in journal.read(venue):
        try:
            facts = decode_facts(record.payload)
        except UnreadableRecord as error:
            raise Unproven(f"record {record.seq}: it cannot be read: {error}") from error
        auditor.add(record.seq, facts)
        if not record.seq % TELL_RECORDS:
            told(record.seq)
    told(auditor.audit.records)
    auditor.prove(rows)
    return auditor.audit


class _Auditor:
    def __init__(self) -> None:
        self.audit = Audit()
        self._books = Books()
        self._profits = Profits()
        self._opened: dict[str, AccountOpened] = {}
        self._curves: dict[str, _Curve] = {}
        self._at = datetime(1970, 1, 1, tzinfo=UTC)

    def add(self, seq: int, facts: tuple[Fact, ...]) -> None:
        """Add a record."""
        self.audit.records = seq
        self._profits.begin_record()
        touched: dict[str, None] = {}
        for fact in facts:
            try:
                self._books.add(fact)
                account_no = self._profits.add(fact)
            except _MISFIT as error:
                told = (
                    f"{type(error).__name__} {error}" if isinstance(error, LookupError) else error
                )
                raise Unproven(f"record {seq} ({subject_of([fact])}): {told}") from error
            if isinstance(fact, AccountOpened):
                self._opened[fact.account_no] = fact
            if account_no is not None:
                touched[account_no] = None
            if isinstance(fact, SettlementDone):
                touched.update(dict.fromkeys(self._opened))
            self._at = max(self._at, _instant_of(fact) or self._at)
        for account_no in touched:
            self._look(account_no)

    def prove(self, rows: ReadModels) -> None:
        """Compare everything; fill in the accounts."""
        books = self._books
        off = books.imbalance()
        if off:
            raise Unproven(f"the ledger does not sum to zero: {off}")
        self._prove_fees()
        self.audit.entries, self.audit.assets = books.entries, books.assets()
        kept = {row.account_no: row for row in rows.accounts()}
        self._same("the accounts", sorted(kept), sorted(self._opened))
        queries = TradeQueries(rows)
        for account_no, row in kept.items():
            self.audit.accounts.append(self._account(account_no))
            self._prove_account(row, rows, queries)

    def _look(self, account_no: str) -> None:
        worth, paid_in = self._profits.worth(account_no), self._profits.paid_in(account_no)
        curve = self._curves.setdefault(account_no, _Curve())
        point = CurvePoint(self._at, cents(worth), cents(paid_in))
        if account_no in self._profits.holdings:
            curve.add(point)
        else:
            curve.points = [point]  # It begins with what was there right before the first trade.

    def _account(self, account_no: str) -> AuditedAccount:
        opened, profits = self._opened[account_no], self._profits
        self._look(account_no)
        base = opened.base_currency
        items = {currency: one for (no, currency), one in profits.items.items() if no == account_no}
        held = profits.holdings.get(account_no, {})
        held = {symbol: one for symbol, one in sorted(held.items()) if one.quantity}
        return AuditedAccount(
            account_no,
            opened.name,
            opened.kind,
            base,
            dict(sorted(items.items())),
            held,
            {symbol: profits.value(symbol, one) for symbol, one in held.items()},
            {one: self._books.cash(account_no, one) for one in Currency},
            {one: self._books.settling(account_no, one) for one in Currency},
            {one: self._books.frozen(account_no, one)[0] for one in Currency},
            profits.money.rates(base),
            self._curves[account_no].points,
        )

    def _prove_fees(self) -> None:
        """What everybody paid is what the receivers of fees have."""
        charged: dict[tuple[str, str], Fraction] = {}
        for (_, currency), items in self._profits.items.items():
            tax = {"DIVIDEND_TAX": items.dividend_tax} if items.dividend_tax else {}
            for name, amount in (*items.fees.items(), *items.interest.items(), *tax.items()):
                key = (name, currency.value)
                charged[key] = charged.get(key, Fraction(0)) - amount
        posted = {key: Fraction(amount) for key, amount in self._books.charged().items()}
        paid = {key: amount for key, amount in charged.items() if amount}
        self._same("what the receivers of fees have", posted, paid)

    def _prove_account(self, row: AccountRow, rows: ReadModels, queries: TradeQueries) -> None:
        no = row.account_no
        for currency in Currency:
            self._prove_items(no, currency)
        balances = {one.currency: one for one in rows.balances(no)}
        for currency in Currency:
            kept = balances.get(currency, _nothing(no, currency))
            self._prove_balance(f"{no} {currency.value}", kept)
        self._prove_positions(no, rows.positions(no))
        self._prove_answers(row, queries, _strikes(rows, row))
        self._prove_statement(no, queries)

    def _prove_items(self, account_no: str, currency: Currency) -> None:
        """What each fact says of itself adds up to what was posted."""
        items = self._profits.of(account_no, currency)
        cost = sum(
            (
                one.cost
                for one in self._profits.holdings.get(account_no, {}).values()
                if one.currency is currency
            ),
            Fraction(0),
        )
        cash = Fraction(self._books.cash(account_no, currency))
        self._same(f"the items of {account_no} {currency.value}", items.total(), cash + cost)

    def _prove_balance(self, where: str, kept: BalanceRow) -> None:
        books, no, currency = self._books, kept.account_no, kept.currency
        frozen, fees = books.frozen(no, currency)
        receivable, payable = books.due(no, currency)
        self._same(f"cash of {where}", kept.cash, books.cash(no, currency))
        self._same(f"frozen cash of {where}", kept.frozen_cash, frozen)
        self._same(f"fees in the frozen cash of {where}", kept.frozen_fees, fees)
        self._same(f"unsettled proceeds of {where}", kept.receivable, receivable)
        self._same(f"unsettled cost of {where}", kept.payable, payable)
        self._same(f"settling cash of {where}", receivable - payable, books.settling(no, currency))
        off = abs(Fraction(kept.interest) - Fraction(books.interest(no, currency)))
        self._same(f"accrued interest of {where}", off < COST_TOLERANCE, True)

    def _prove_positions(self, account_no: str, positions: Sequence[PositionRow]) -> None:
        kept = {str(row.symbol): row for row in positions}
        shares = self._books.shares(account_no)
        quantities = {symbol: row.quantity for symbol, row in sorted(kept.items())}
        self._same(f"positions of {account_no}", quantities, shares)
        for symbol, row in kept.items():
            where = f"{account_no} {symbol}"
            frozen = self._books.frozen_shares(account_no, symbol)
            self._same(f"frozen shares of {where}", row.frozen_quantity, frozen)
            held = self._profits.holdings[account_no][symbol]
            self._same(f"shares of {where}", Fraction(row.quantity), held.quantity)
            units = 1 if row.option is None else row.option.multiplier
            off = abs(Fraction(row.cost_price) - held.cost / held.quantity / units)
            self._same(f"cost price of {where}", off <= COST_TOLERANCE * abs(held.cost), True)

    def _prove_answers(
        self, row: AccountRow, queries: TradeQueries, strikes: Mapping[Currency, Decimal]
    ) -> None:
        """What the asset API answers, from the same rows by the server's own code."""
        books, no, base = self._books, row.account_no, row.base_currency
        for one in queries.account_summary(no, Marks(), base).cash:
            where = f"{no} {one.currency.value} in the answer"
            frozen, fees = books.frozen(no, one.currency)
            pledged = strikes.get(one.currency, ZERO)
            available = books.cash(no, one.currency) - frozen - pledged
            self._same(f"available cash of {where}", one.available_cash, available)
            self._same(f"frozen cash of {where}", one.frozen_cash, frozen + pledged)
            self._same(f"frozen fees of {where}", one.frozen_fees, fees)
            settling = books.settling(no, one.currency)
            self._same(f"settling cash of {where}", one.settling_cash, settling)
        shown = {str(row.symbol): row.quantity for row in queries.positions(no)}
        self._same(f"positions of {no} in the answer", shown, books.shares(no))

    def _prove_statement(self, no: str, queries: TradeQueries) -> None:
        """The statement to the end: sums of the cash flow and of the executions."""
        day = self._at.astimezone(MARKET_ZONES[HOME_MARKET]).date()
        document = queries.statement(no, StatementPeriod("daily", day, day))
        assert document is not None, "the account is there"
        if not document["is_complete"]:
            return
        cash = {one["currency"]: Decimal(one["closing_balance"]) for one in document["cash"]}
        for currency in Currency:
            closing = cash.get(currency.value, ZERO)
            where = f"closing balance of {no} {currency.value} in the statement"
            self._same(where, closing, self._books.cash(no, currency))
        held = {one["symbol"]: Decimal(one["quantity"]) for one in document["holdings"]}
        self._same(f"holdings of {no} in the statement", held, self._books.shares(no))

    def _same(self, what: str, found: object, derived: object) -> None:
        self.audit.checks += 1
        if found != derived:
            raise Unproven(f"{what}: {_shown(found)}, and {_shown(derived)} by the journal")


@dataclass(slots=True)
class _Curve:
    """Points thinned out as they come, the latest always kept."""

    points: list[CurvePoint] = field(default_factory=list)

    def add(self, point: CurvePoint) -> None:
        points = self.points
        if points and points[-1].at == point.at:
            points[-1] = point  # What happens in one instant is one step.
            return
        points.append(point)
        if len(points) > POINTS_MAX:
            self.points = [*points[:1], *points[2:-1:2], points[-1]]


def _strikes(rows: ReadModels, row: AccountRow) -> dict[Currency, Decimal]:
    """Return what a cash account keeps for the puts it has written, or would with working sells."""
    kept: dict[Currency, Decimal] = {}
    if row.kind is not AccountKind.CASH:
        return kept
    held = {one.symbol: one.quantity for one in rows.positions(row.account_no)}
    options = {one.symbol: (one.option, one.currency) for one in rows.positions(row.account_no)}
    selling: dict[Symbol, Decimal] = {}
    for working in rows.orders(row.account_no, OrderFilter(days={}), limit=WORKING_MAX):
        symbol = working.order.terms.symbol
        options.setdefault(symbol, (working.order.option, working.order.currency))
        selling[symbol] = selling.get(symbol, ZERO) + working.hold.shares
    for symbol, (option, currency) in options.items():
        if option is not None:
            quantity = held.get(symbol, ZERO)
            would = max(ZERO, selling.get(symbol, ZERO) - max(ZERO, quantity))
            money = strike_money(option, max(ZERO, -quantity) + would)
            kept[currency] = kept.get(currency, ZERO) + money
    return kept


def _nothing(account_no: str, currency: Currency) -> BalanceRow:
    return BalanceRow(account_no, currency, ZERO, ZERO, ZERO, ZERO, ZERO)


def _instant_of(fact: Fact) -> datetime | None:
    for part in _parts(fact):
        at = getattr(part, "at", None) or getattr(part, "updated_at", None)
        if isinstance(at, datetime):
            return at
    return None


def _parts(fact: Fact) -> Iterator[object]:
    yield fact
    for name in ("execution", "order"):
        part = getattr(fact, name, None)
        if part is not None:
            yield part


def _shown(value: object) -> str:
    if isinstance(value, Fraction):
        return f"{float(value):.10g}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
