"""What charges and the lines of a cash flow are called, in the caller's language.

The codes are the venue's; official clients show both as free text. A code without a row shows as
itself, so that a new fee never fails an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portway.wire.envelope import Language, Text

__all__ = ["CHARGE_NAMES", "FLOW_NAMES", "charge_name", "flow_name"]

CHARGE_NAMES: Final[Mapping[str, Text]] = {
    # The two kinds of charges.
    "BROKER_FEES": Text("Broker Fees", "券商费用", "券商費用"),
    "THIRD_FEES": Text("Third-party Fees", "第三方费用", "第三方費用"),
    # The broker's own.
    "COMMISSION": Text("Commission", "佣金", "佣金"),
    "PLATFORM": Text("Platform Fee", "平台费", "平台費"),
    # Hong Kong.
    "STAMP": Text("Stamp Duty", "印花税", "印花稅"),
    "SFC_LEVY": Text("SFC Transaction Levy", "证监会交易征费", "證監會交易徵費"),
    "AFRC_LEVY": Text("AFRC Transaction Levy", "会财局交易征费", "會財局交易徵費"),
    "TRADING": Text("Trading Fee", "交易费", "交易費"),
    "SETTLEMENT": Text("Settlement Fee", "交收费", "交收費"),
    # US.
    "SEC": Text("SEC Fee", "证监会规费", "證監會規費"),
    "TAF": Text("Trading Activity Fee", "交易活动费", "交易活動費"),
    "CAT": Text("Consolidated Audit Trail Fee", "综合审计跟踪费", "綜合審計跟蹤費"),
    # US options.
    "EXCHANGE": Text("Exchange Fee", "交易所费", "交易所費"),
    "CLEARING": Text("Clearing Fee", "清算费", "清算費"),
    "ORF": Text("Options Regulatory Fee", "期权监管费", "期權監管費"),
    # The mainland.
    "HANDLING": Text("Handling Fee", "经手费", "經手費"),
    "MANAGEMENT": Text("Securities Management Fee", "证管费", "證管費"),
    "TRANSFER_CN": Text("Transfer Fee (ChinaClear)", "过户费（中国结算）", "過戶費（中國結算）"),
    "TRANSFER_HK": Text("Transfer Fee (HKSCC)", "过户费（香港结算）", "過戶費（香港結算）"),
    # Not of an order.
    "DEBIT_INTEREST": Text("Debit Interest", "融资利息", "融資利息"),
    "BORROW_FEE": Text("Stock Borrow Fee", "融券费", "融券費"),
    "DIVIDEND_TAX": Text("Dividend Tax", "股息税", "股息稅"),
}

# Movements of money that are no charges; the English ones are what the service has always said.
FLOW_NAMES: Final[Mapping[str, Text]] = {
    "BuyContract-Stocks": Text("BuyContract-Stocks", "买入成交-股票", "買入成交-股票"),
    "SellContract-Stocks": Text("SellContract-Stocks", "卖出成交-股票", "賣出成交-股票"),
    "Deposit": Text("Deposit", "入金", "入金"),
    "Withdraw": Text("Withdraw", "出金", "出金"),
    "CurrencyExchange": Text("Currency Exchange", "货币兑换", "貨幣兌換"),
    "Dividend": Text("Dividend", "现金股息", "現金股息"),
    "CashInLieu": Text("Cash in Lieu", "零碎股现金", "零碎股現金"),
    "Reset": Text("Account Reset", "账户重置", "帳戶重設"),
}


def flow_name(code: str, language: Language) -> str:
    """Return the name of a movement of money, which may be that of a charge."""
    name = FLOW_NAMES.get(code)
    return charge_name(code, language) if name is None else name.in_language(language)


def charge_name(code: str, language: Language) -> str:
    """Return the name of a fee, or of a kind of charges."""
    name = CHARGE_NAMES.get(code)
    return code if name is None else name.in_language(language)
